/** Takes a GGUF file apart and writes it again, so that tests can change one thing and keep the rest consistent. */
import { type GgufType, type GgufValue, ggufTypeNames } from "../../src/llama/ggufCursor.ts";
import { parseGgufHeader } from "../../src/llama/ggufHeader.ts";
import { tensorTypes } from "../../src/llama/ggufTensorCheck.ts";

export interface WritableTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: number;
  readonly data: Uint8Array;
  /** Instead of the offset at which the data is written. */
  readonly offset?: number;
}

export interface WritableGguf {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly WritableTensor[];
  /** Bytes; written as general.alignment only if that is in `metadata`. */
  readonly alignment: number;
}

/** Parses a whole, valid model file. */
export function disassemble(bytes: Uint8Array): WritableGguf {
  const { metadata, tensors, dataOffset, alignment } = parseGgufHeader(
    "valid.gguf",
    bytes,
    bytes.length,
  );
  return {
    metadata,
    alignment,
    tensors: tensors.map((tensor) => {
      const start = dataOffset + tensor.offset;
      const { name, dims, type } = tensor;
      return { name, dims, type, data: bytes.subarray(start, start + sizeOf(dims, type)) };
    }),
  };
}

/** Bytes of a tensor's data; types that do not exist count four bytes per element. */
export function sizeOf(dims: readonly number[], type: number): number {
  const { blockLength, blockBytes } = tensorTypes.get(type) ?? { blockLength: 1, blockBytes: 4 };
  return (dims.reduce((product, dim) => product * dim, 1) / blockLength) * blockBytes;
}

/** Writes a GGUF file of version 3. Nothing is checked: what is wrong in `model` is wrong in the file. */
export function assemble(model: WritableGguf): Uint8Array {
  const parts: Uint8Array[] = [
    Buffer.from("GGUF"),
    uint(4, 3),
    uint(8, model.tensors.length),
    uint(8, model.metadata.size),
  ];
  for (const [key, value] of model.metadata) parts.push(encodeEntry(key, value));
  let offset = 0;
  for (const tensor of model.tensors) {
    parts.push(
      encodeString(tensor.name),
      uint(4, tensor.dims.length),
      ...tensor.dims.map((dim) => uint(8, dim)),
      uint(4, tensor.type),
      uint(8, tensor.offset ?? offset),
    );
    offset += padded(tensor.data.length, model.alignment);
  }
  const headerBytes = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(new Uint8Array(padded(headerBytes, model.alignment) - headerBytes));
  for (const { data } of model.tensors)
    parts.push(data, new Uint8Array(padded(data.length, model.alignment) - data.length));
  return Buffer.concat(parts);
}

/** Where each metadata entry begins in the file that `assemble` writes. */
export function entryOffsets(model: WritableGguf): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  let at = 24;
  for (const [key, value] of model.metadata) {
    offsets.set(key, at);
    at += encodeEntry(key, value).length;
  }
  return offsets;
}

/** A little-endian unsigned integer; negative values wrap. */
export function uint(bytes: 4 | 8, value: number | bigint): Uint8Array {
  const out = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) out.setUint32(0, Number(value), true);
  else out.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return new Uint8Array(out.buffer);
}

function padded(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Encoding a vocabulary takes longer than all the rest; most mutations share it. */
const encodedEntries = new WeakMap<GgufValue, Map<string, Uint8Array>>();

function encodeEntry(key: string, value: GgufValue): Uint8Array {
  const byKey = encodedEntries.get(value) ?? new Map<string, Uint8Array>();
  encodedEntries.set(value, byKey);
  const encoded =
    byKey.get(key) ?? Buffer.concat([encodeString(key), typeId(value.type), ...encodeValue(value)]);
  byKey.set(key, encoded);
  return encoded;
}

function typeId(type: GgufType): Uint8Array {
  return uint(4, ggufTypeNames.indexOf(type));
}

function encodeValue(value: GgufValue): Uint8Array[] {
  if (value.type === "string") return [encodeString(value.value)];
  if (value.type === "array")
    return [
      typeId(value.elementType),
      uint(8, value.value.length),
      ...(value.elementType === "string"
        ? value.value.map(encodeString)
        : [new Uint8Array(value.value.buffer, value.value.byteOffset, value.value.byteLength)]),
    ];
  return [encodeScalar(value.type, value.value)];
}

function encodeScalar(type: GgufType, value: number | bigint | boolean): Uint8Array {
  const out = new DataView(new ArrayBuffer(8));
  const number = Number(value);
  const integer =
    typeof value === "bigint" ? value : BigInt(Number.isFinite(number) ? Math.trunc(number) : 0);
  if (type === "float32") out.setFloat32(0, number, true);
  else if (type === "float64") out.setFloat64(0, number, true);
  else out.setBigUint64(0, BigInt.asUintN(64, integer), true);
  const width = /64$/.test(type) ? 8 : /32$/.test(type) ? 4 : /16$/.test(type) ? 2 : 1;
  return new Uint8Array(out.buffer, 0, width);
}

/** The inverse of the reader's: lone surrogates U+DC80 to U+DCFF are single bytes. */
function encodeString(text: string): Uint8Array {
  const bytes = /[\udc80-\udcff]/u.test(text)
    ? Buffer.from(Array.from(text, (unit) => unit.charCodeAt(0) & 0xff))
    : Buffer.from(text, "utf8");
  return Buffer.concat([uint(8, bytes.length), bytes]);
}

/** Takes a GGUF file apart and writes it again, so that tests can change one thing and keep the rest consistent. */
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { encodeEntry, encodeTensorInfo, uint } from "../../src/gguf/ggufEncode.ts";
import { parseGgufHeader } from "../../src/gguf/ggufHeader.ts";
import { tensorTypes } from "../../src/gguf/ggufTensorCheck.ts";

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
  for (const [key, value] of model.metadata) parts.push(cachedEntry(key, value));
  let offset = 0;
  for (const tensor of model.tensors) {
    parts.push(encodeTensorInfo({ ...tensor, offset: tensor.offset ?? offset }));
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
    at += cachedEntry(key, value).length;
  }
  return offsets;
}

function padded(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Encoding a vocabulary takes longer than all the rest; most mutations share it. */
const encodedEntries = new WeakMap<GgufValue, Map<string, Uint8Array>>();

function cachedEntry(key: string, value: GgufValue): Uint8Array {
  const byKey = encodedEntries.get(value) ?? new Map<string, Uint8Array>();
  encodedEntries.set(value, byKey);
  const encoded = byKey.get(key) ?? encodeEntry(key, value);
  byKey.set(key, encoded);
  return encoded;
}

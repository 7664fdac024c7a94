/** The inverse of ggufCursor.ts: values of a GGUF header as the bytes they have in a file. Nothing is checked. */
import { type GgufTensor, type GgufType, type GgufValue, ggufTypeNames } from "./ggufCursor.ts";

/** A little-endian unsigned integer; negative values wrap. */
export function uint(bytes: 4 | 8, value: number | bigint): Uint8Array {
  const out = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) out.setUint32(0, Number(value), true);
  else out.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return new Uint8Array(out.buffer);
}

/** One metadata entry: key, type, value. */
export function encodeEntry(key: string, value: GgufValue): Uint8Array {
  return Buffer.concat([encodeString(key), typeId(value.type), ...encodeValue(value)]);
}

/** One entry of the tensor table. */
export function encodeTensorInfo({ name, dims, type, offset }: GgufTensor): Uint8Array {
  return Buffer.concat([
    encodeString(name),
    uint(4, dims.length),
    ...dims.map((dim) => uint(8, dim)),
    uint(4, type),
    uint(8, offset),
  ]);
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

/**
 * The values a GGUF header is made of, and a cursor that reads them from its first bytes.
 * It knows the file's real size and nothing of files: ggufHeader.ts brings the bytes and puts the values together.
 */
import { EngineError, type EngineErrorCode } from "../core/base/errors.ts";
import { pathText, quotedText } from "../core/base/foreignText.ts";

/** GGUF's value types, in the order of their numbers in the file, and how several of them are kept. */
const arrayTypes = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  bool: Uint8Array,
  string: undefined,
  array: undefined,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float64: Float64Array,
} as const;

export type GgufType = keyof typeof arrayTypes;
/** The index is the number in the file. */
export const ggufTypeNames = Object.keys(arrayTypes) as readonly GgufType[];
export type GgufNumberType = Exclude<GgufType, "bool" | "string" | "array" | "uint64" | "int64">;
export type GgufNumericArray = InstanceType<NonNullable<(typeof arrayTypes)[GgufType]>>;

/**
 * One metadata value with the type it has in the file (llama.cpp does not convert between types).
 * Strings end at their first NUL, as llama.cpp sees them; bytes that are not UTF-8 become lone surrogates
 * (U+DC00 + byte), so different bytes stay different strings. Arrays of bool are `Uint8Array`s of 0 and 1.
 */
export type GgufValue =
  | { readonly type: GgufNumberType; readonly value: number }
  | { readonly type: "uint64" | "int64"; readonly value: bigint }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "array"; readonly elementType: "string"; readonly value: readonly string[] }
  | {
      readonly type: "array";
      readonly elementType: Exclude<GgufType, "string" | "array">;
      readonly value: GgufNumericArray;
    };

export interface GgufTensor {
  readonly name: string;
  /** Elements per dimension, the contiguous one (a row's length) first; at most four. */
  readonly dims: readonly number[];
  /** A ggml type number, not checked here. */
  readonly type: number;
  /** Bytes from {@link GgufHeader.dataOffset}. */
  readonly offset: number;
}

const fetchAgain = "Download the model again or choose another file.";

/** The error of a model file: path, what was expected, what was found, what to do. */
export function ggufError(
  code: EngineErrorCode,
  path: string,
  expected: string,
  found: string,
  remedy: string = fetchAgain,
): EngineError {
  return new EngineError(
    code,
    `Model file ${pathText(path)}: expected ${expected}, found ${found}. ${remedy}`,
  );
}

/** What a file has in place of what was expected, before it is known which file that is: {@link ofFile}. */
export class GgufFault extends Error {
  readonly of: (path: string) => EngineError;

  constructor(
    expected: string,
    found: string,
    remedy: string = fetchAgain,
    code: EngineErrorCode = "modelCorrupt",
  ) {
    super(`expected ${expected}, found ${found}`);
    this.of = (path) => ggufError(code, path, expected, found, remedy);
  }
}

/** What `judge` returns. @throws EngineError of the file at `path` for a {@link GgufFault}. */
export function ofFile<T>(path: string, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    throw error instanceof GgufFault ? error.of(path) : error;
  }
}

/** llama.cpp compares every key and tensor name with all before it; real files have below 2,000. */
const maxEntries = 2 ** 14;
const maxArrayElements = 2 ** 30;
/** GGML_MAX_NAME includes the closing NUL. */
const maxTensorNameBytes = 63;

/** The window was too small though the file has more bytes; the caller reads a larger one. */
export class WindowEnd extends Error {}

/** A position in the window; every read checks the file's real size first. */
export class GgufCursor {
  readonly window: Buffer;
  readonly #fileBytes: number;
  at = 0;

  constructor(window: Uint8Array, fileBytes: number) {
    this.window = Buffer.from(window.buffer, window.byteOffset, window.byteLength);
    this.#fileBytes = fileBytes;
  }

  /** Moves past `bytes` bytes that belong to `what` and returns where they begin. */
  skip(bytes: number, what: string): number {
    const start = this.at;
    if (bytes > this.#fileBytes - start)
      throw new GgufFault(
        `${bytes} bytes at offset ${start} for ${what}`,
        `only ${this.#fileBytes - start} of the file's ${this.#fileBytes} left`,
        fetchAgain,
        "modelTruncated",
      );
    if (start + bytes > this.window.length) throw new WindowEnd();
    this.at = start + bytes;
    return start;
  }

  uint32(what: string): number {
    return this.window.readUInt32LE(this.skip(4, what));
  }

  /** A 64-bit number that is exact as a JS number. */
  uint53(what: string): number {
    const value = this.window.readBigUInt64LE(this.skip(8, what));
    if (value > Number.MAX_SAFE_INTEGER) throw new GgufFault(`${what} below 2^53`, String(value));
    return Number(value);
  }

  count(what: string): number {
    const value = this.window.readBigUInt64LE(this.skip(8, `the number of ${what}`));
    if (value > maxEntries) throw new GgufFault(`at most ${maxEntries} ${what}`, String(value));
    return Number(value);
  }

  string(what: string): string {
    const bytes = this.uint53(what);
    const start = this.skip(bytes, what);
    const text = this.window.toString("utf8", start, this.at);
    const whole = text.includes("\uFFFD")
      ? lossless(this.window.subarray(start, this.at), text)
      : text;
    const end = whole.indexOf("\0");
    return end < 0 ? whole : whole.slice(0, end);
  }

  /** A key or tensor name: llama.cpp compares some as C strings and some not, so a NUL would hide a second meaning. */
  name(what: string): string {
    const before = this.at;
    const text = this.string(what);
    if (text === "" || this.window.subarray(before + 8, this.at).includes(0))
      throw new GgufFault(
        `${what} to be text without NUL`,
        text === "" ? "none" : quotedText(text),
      );
    return text;
  }

  value(key: string): GgufValue {
    const type = this.#type(key);
    switch (type) {
      case "array":
        return this.#array(key);
      case "string":
        return { type, value: this.string(quotedText(key)) };
      case "bool":
        return { type, value: this.window[this.skip(1, quotedText(key))] !== 0 };
      case "uint64":
        return { type, value: this.window.readBigUInt64LE(this.skip(8, quotedText(key))) };
      case "int64":
        return { type, value: this.window.readBigInt64LE(this.skip(8, quotedText(key))) };
      default:
        return { type, value: Number(this.#numbers(key, type, 1)[0]) };
    }
  }

  tensor(index: number): GgufTensor {
    const before = this.at;
    const name = this.name(`the name of tensor ${index}`);
    if (this.at - before - 8 > maxTensorNameBytes)
      throw new GgufFault(`tensor names of at most ${maxTensorNameBytes} bytes`, quotedText(name));
    const rank = this.uint32(`the rank of ${quotedText(name)}`);
    if (rank > 4)
      throw new GgufFault(`tensor ${quotedText(name)} to have at most 4 dimensions`, String(rank));
    const dims: number[] = [];
    for (let i = 0; i < rank; i++)
      dims.push(this.uint53(`dimension ${i} of tensor ${quotedText(name)}`));
    const type = this.uint32(`the type of tensor ${quotedText(name)}`);
    return { name, dims, type, offset: this.uint53(`the offset of tensor ${quotedText(name)}`) };
  }

  #type(key: string): GgufType {
    const id = this.uint32(`the type of ${quotedText(key)}`);
    const type = ggufTypeNames[id];
    if (type === undefined)
      throw new GgufFault(`a known type for ${quotedText(key)}`, `type ${id}`);
    return type;
  }

  #array(key: string): GgufValue {
    const elementType = this.#type(key);
    if (elementType === "array")
      throw new GgufFault(`${quotedText(key)} to be a flat array`, "an array of arrays");
    const length = this.uint53(`the length of ${quotedText(key)}`);
    if (length > maxArrayElements)
      throw new GgufFault(
        `at most ${maxArrayElements} elements in ${quotedText(key)}`,
        String(length),
      );
    if (elementType !== "string")
      return { type: "array", elementType, value: this.#numbers(key, elementType, length) };
    // Grown one by one: each string proves its own eight bytes, so a false length allocates nothing.
    const value: string[] = [];
    const what = quotedText(key);
    for (let i = 0; i < length; i++) value.push(this.string(what));
    return { type: "array", elementType, value };
  }

  #numbers(
    key: string,
    type: Exclude<GgufType, "string" | "array">,
    length: number,
  ): GgufNumericArray {
    const ArrayType = arrayTypes[type];
    const start = this.skip(length * ArrayType.BYTES_PER_ELEMENT, quotedText(key));
    // A copy: the window is neither aligned for these elements nor kept.
    return new ArrayType(new Uint8Array(this.window.subarray(start, this.at)).buffer);
  }
}

/** `text` when it says exactly `bytes`; otherwise each byte above ASCII as the lone surrogate U+DC00 + byte. */
function lossless(bytes: Buffer, text: string): string {
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join(
    "",
  );
}

/**
 * Numbers as bytes: whole numbers of 7 bits a byte, and columns of floats byte plane by byte plane, as a compressor finds
 * more alike in a plane than in a float.
 */

/** Bytes that are no such stream: cut off, or of something else. */
export class ByteStreamError extends Error {
  override readonly name = "ByteStreamError";
}

export class ByteWriter {
  readonly #bytes: number[] = [];

  /** @param value - a whole number from 0, below 2^53. */
  uint(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`${value} is no count`);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) + 128);
    this.#bytes.push(rest);
  }

  /** A whole number from -1. */
  index(value: number): void {
    this.uint(value + 1);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.uint(bytes.length);
    this.#bytes.push(...bytes);
  }

  /** Its length and its numbers, each from 0. */
  uints(values: ArrayLike<number>): void {
    this.uint(values.length);
    for (let index = 0; index < values.length; index++) this.uint(values[index]!);
  }

  /** Three planes of numbers from 0, below 2^24, without their count. */
  planes24(values: readonly number[]): void {
    this.#planes(3, values, (view, value) => {
      if (!(value >= 0 && value < 2 ** 24)) throw new RangeError(`${value} has more than 24 bits`);
      view.setUint32(0, value, true);
    });
  }

  /** Four planes. */
  floats(values: readonly number[]): void {
    this.#planes(4, values, (view, value) => view.setFloat32(0, value, true));
  }

  /** Eight planes. */
  doubles(values: readonly number[]): void {
    this.#planes(8, values, (view, value) => view.setFloat64(0, value, true));
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #planes(
    numPlanes: number,
    values: readonly number[],
    encode: (view: DataView, value: number) => void,
  ): void {
    const planes = new Uint8Array(numPlanes * values.length);
    const view = new DataView(new ArrayBuffer(8));
    for (const [index, value] of values.entries()) {
      encode(view, value);
      for (let plane = 0; plane < numPlanes; plane++) {
        planes[plane * values.length + index] = view.getUint8(plane);
      }
    }
    for (const byte of planes) this.#bytes.push(byte);
  }
}

/** Reads what {@link ByteWriter} wrote, in the same order. @throws ByteStreamError where there is no such thing. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  uint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#take(1)[0]!;
      value += (byte % 128) * factor;
      if (!Number.isSafeInteger(value)) throw new ByteStreamError("a number of more than 53 bits");
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  index(): number {
    return this.uint() - 1;
  }

  text(): string {
    const bytes = this.#take(this.uint());
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new ByteStreamError("a text that is not UTF-8");
    }
  }

  uints(): number[] {
    return Array.from({ length: this.count() }, () => this.uint());
  }

  /** A count of things that take a byte each at least. */
  count(): number {
    const count = this.uint();
    if (count > this.#bytes.length - this.#at) {
      throw new ByteStreamError(
        `${count} things in the ${this.#bytes.length - this.#at} bytes left`,
      );
    }
    return count;
  }

  planes24(count: number): Int32Array {
    return Int32Array.from(this.#planes(3, count, (view) => view.getUint32(0, true)));
  }

  floats(count: number): Float32Array {
    return Float32Array.from(this.#planes(4, count, (view) => view.getFloat32(0, true)));
  }

  doubles(count: number): Float64Array {
    return Float64Array.from(this.#planes(8, count, (view) => view.getFloat64(0, true)));
  }

  /** @throws ByteStreamError if something is left. */
  end(): void {
    const numLeft = this.#bytes.length - this.#at;
    if (numLeft > 0) throw new ByteStreamError(`${numLeft} bytes too many`);
  }

  #planes(numPlanes: number, count: number, decode: (view: DataView) => number): number[] {
    const planes = this.#take(numPlanes * count);
    const view = new DataView(new ArrayBuffer(8));
    return Array.from({ length: count }, (_, index) => {
      for (let plane = 0; plane < numPlanes; plane++) {
        view.setUint8(plane, planes[plane * count + index]!);
      }
      return decode(view);
    });
  }

  #take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new ByteStreamError("it is cut off");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

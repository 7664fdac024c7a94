/**
 * Numbers as bytes: whole numbers of 7 bits a byte, and columns of floats byte plane by byte plane, as a compressor finds
 * more alike in a plane than in a float.
 */

/** Bytes that are no such stream: cut off, or of something else. */
export class ByteStreamError extends Error {
  override readonly name = "ByteStreamError";
}

export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** @param value - a whole number from 0, below 2^53. */
  uint(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`${value} is no count`);
    let rest = value;
    this.#reserve(8);
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number from -1. */
  index(value: number): void {
    this.uint(value + 1);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.uint(bytes.length);
    this.#put(bytes);
  }

  /** Its length and its numbers, each from 0. */
  uints(values: ArrayLike<number>): void {
    this.uint(values.length);
    for (let index = 0; index < values.length; index++) this.uint(values[index]!);
  }

  /** Three planes of numbers from 0, below 2^24, without their count. */
  planes24(values: readonly number[]): void {
    this.#planes(3, values.length, (bytes, index) => {
      const value = values[index]!;
      if (!(value >= 0 && value < 2 ** 24)) throw new RangeError(`${value} has more than 24 bits`);
      new DataView(bytes.buffer).setUint32(0, value, true);
    });
  }

  /** Four planes. */
  floats(values: readonly number[]): void {
    this.#planes(4, values.length, (bytes, index) =>
      new DataView(bytes.buffer).setFloat32(0, values[index]!, true),
    );
  }

  /** Eight planes. */
  doubles(values: readonly number[]): void {
    this.#planes(8, values.length, (bytes, index) =>
      new DataView(bytes.buffer).setFloat64(0, values[index]!, true),
    );
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #planes(
    numPlanes: number,
    count: number,
    encode: (bytes: Uint8Array<ArrayBuffer>, index: number) => void,
  ): void {
    this.#reserve(numPlanes * count);
    const one = new Uint8Array(8);
    for (let index = 0; index < count; index++) {
      encode(one, index);
      for (let plane = 0; plane < numPlanes; plane++) {
        this.#bytes[this.#length + plane * count + index] = one[plane]!;
      }
    }
    this.#length += numPlanes * count;
  }

  #put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
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
    return Int32Array.from(
      this.#planes(3, count, (bytes) => new DataView(bytes.buffer).getUint32(0, true)),
    );
  }

  floats(count: number): Float32Array {
    return Float32Array.from(
      this.#planes(4, count, (bytes) => new DataView(bytes.buffer).getFloat32(0, true)),
    );
  }

  doubles(count: number): Float64Array {
    return Float64Array.from(
      this.#planes(8, count, (bytes) => new DataView(bytes.buffer).getFloat64(0, true)),
    );
  }

  /** @throws ByteStreamError if something is left. */
  end(): void {
    const numLeft = this.#bytes.length - this.#at;
    if (numLeft > 0) throw new ByteStreamError(`${numLeft} bytes too many`);
  }

  #planes(
    numPlanes: number,
    count: number,
    decode: (bytes: Uint8Array<ArrayBuffer>) => number,
  ): number[] {
    const planes = this.#take(numPlanes * count);
    const one = new Uint8Array(8);
    return Array.from({ length: count }, (_, index) => {
      for (let plane = 0; plane < numPlanes; plane++) one[plane] = planes[plane * count + index]!;
      return decode(one);
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

/**
 * Weights that look like weights and mean nothing: no kernel skips them, none overflows on them, and a GPU needs as much
 * power for them. The same numbers in every type, repeated after 131,168 of them.
 */
import { BLOCK_LENGTH } from "./widenedShape.ts";
import type { WidenedType } from "./widenSource.ts";

/** Prime, so that rows of a common width begin at ever different blocks. */
const NUM_BLOCKS = 4099;
/** 127 × 2^-12 = 0.031: a standard deviation of 0.018, as models are initialized with. */
const SCALE = 2 ** -12;

const PATTERNS: Readonly<Record<WidenedType, () => Uint8Array>> = {
  q8_0: q8Pattern,
  f16: () => floatPattern(2, (view, at, value) => view.setFloat16(at, value, true)),
  f32: () => floatPattern(4, (view, at, value) => view.setFloat32(at, value, true)),
};

/** Fills buffers, continuing where it stopped. */
export class Filler {
  readonly #pattern: Uint8Array;
  #at = 0;

  constructor(type: WidenedType) {
    this.#pattern = PATTERNS[type]();
  }

  /** @param target - whole blocks. */
  fill(target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const run = this.#pattern.subarray(this.#at, this.#at + target.length - done);
      target.set(run, done);
      done += run.length;
      this.#at = (this.#at + run.length) % this.#pattern.length;
    }
  }
}

function q8Pattern(): Uint8Array {
  const pattern = new Uint8Array(NUM_BLOCKS * (2 + BLOCK_LENGTH));
  const view = new DataView(pattern.buffer);
  const random = randomIntegers();
  for (let at = 0; at < pattern.length; at += 2 + BLOCK_LENGTH) {
    view.setFloat16(at, SCALE, true);
    for (let i = 0; i < BLOCK_LENGTH; i++) view.setInt8(at + 2 + i, random());
  }
  return pattern;
}

function floatPattern(
  numBytes: number,
  put: (view: DataView, at: number, value: number) => void,
): Uint8Array {
  const pattern = new Uint8Array(NUM_BLOCKS * BLOCK_LENGTH * numBytes);
  const view = new DataView(pattern.buffer);
  const random = randomIntegers();
  for (let at = 0; at < pattern.length; at += numBytes) put(view, at, random() * SCALE);
  return pattern;
}

/** Numbers from 1 to 127 of either sign, by xorshift32 (Marsaglia 2003): the same in every run, so files are equal. */
function randomIntegers(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const magnitude = 1 + (((state >>> 8) & 0xffff) % 127);
    return (state & 1) === 0 ? magnitude : -magnitude;
  };
}

/** Half-precision numbers as the 16 bits they have in a file; Node 20 has no Float16Array. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Whether `half` is infinite or not a number. */
export function isFiniteHalf(half: number): boolean {
  return (half & 0x7c00) !== 0x7c00;
}

/** The half nearest to `value`, which is rounded to single precision first; ties go to even, as ggml rounds. */
export function halfBits(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  // From 2^16 on, beyond the largest half's range of rounding.
  if (magnitude >= 0x4780_0000) return sign | 0x7c00;
  if (magnitude < 0x3880_0000) {
    // Below 2^-14 halves are multiples of 2^-24, as singles between 0.5 and 1 are: the addition rounds.
    float[0] = Math.abs(value) + 0.5;
    return sign | (bits[0]! - 0x3f00_0000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  // 112 = 127 - 15, the difference of the exponents' biases; a carry may make it infinite.
  return sign | ((rounded - (112 << 23)) >>> 13);
}

/** The number that `half` stands for. */
export function halfValue(half: number): number {
  const sign = (half & 0x8000) === 0 ? 1 : -1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (0x400 + fraction) * 2 ** (exponent - 25);
}

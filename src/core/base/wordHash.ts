/** A checksum over 32-bit words, against accidents, not against attackers. */

/** Odd, so that no step loses anything: a change of one word always changes both halves. */
const FACTOR_A = 0x2c1b3c6d;
const FACTOR_B = 0x297a2d39;

/** 64 bits in two halves. */
export function wordHash(words: Uint32Array): readonly [number, number] {
  let a = 0x243f6a88;
  let b = 0x05a308d3;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    a = Math.imul(a ^ word, FACTOR_A);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, FACTOR_B);
    b ^= b >>> 13;
  }
  return [a >>> 0, b >>> 0];
}

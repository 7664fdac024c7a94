/** Snapshots as an accident or a forger leaves them. */
import fc from "fast-check";
import { HASHED_FROM } from "../../src/core/base/snapshot.ts";
import { wordHash } from "../../src/core/base/wordHash.ts";

/** Makes the checksum right again, as someone would who wants to be believed. */
export function resealed(bytes: Uint8Array): Uint8Array {
  const words = new Uint32Array(bytes.slice().buffer);
  words.set(wordHash(words.subarray(HASHED_FROM)), 3);
  return new Uint8Array(words.buffer);
}

export function changedWord(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const words = new Uint32Array(bytes.slice().buffer);
  words[index % words.length] = value;
  return new Uint8Array(words.buffer);
}

/** The same bytes at an odd place of a larger buffer. */
export function elsewhere(bytes: Uint8Array, shift: number): Uint8Array {
  const moved = new Uint8Array(bytes.length + shift).subarray(shift);
  moved.set(bytes);
  return moved;
}

/** Bytes with a few changed at random; at least one differs. */
export function arbitraryDamage(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
  return fc
    .array(change, { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const changed = bytes.slice();
      for (const [at, difference] of changes) changed[at]! ^= difference;
      return changed;
    })
    .filter((changed) => changed.some((byte, index) => byte !== bytes[index]));
}

/** Bytes whose checksum is right and whose words are what a forger would try, mostly in the first 40. */
export function arbitraryForgery(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const index = fc.oneof({ weight: 3, arbitrary: fc.nat(40) }, fc.nat(bytes.length / 4));
  const value = fc.oneof(
    fc.nat(40),
    fc.constantFrom(0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 2 ** 20 + 1, 0x7fc0_0000, 0x3f80_0000),
  );
  return fc
    .array(fc.tuple(index, value), { minLength: 1, maxLength: 3 })
    .map((changes) =>
      resealed(changes.reduce((forged, [at, word]) => changedWord(forged, at, word), bytes)),
    );
}

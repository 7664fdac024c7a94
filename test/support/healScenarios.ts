/** Pending texts that a small vocabulary writes in many ways, and all of these. */
import fc from "fast-check";
import { expect } from "vitest";
import { type HealLimits, type HealParams, healTokens } from "../../src/core/healing/healTokens.ts";
import { PendingText } from "../../src/core/healing/pendingText.ts";
import { FakeTarget, hashedLogits, type LogitsOf } from "../fakes/fakeTarget.ts";
import { NEVER } from "./never.ts";
import { bytesOf, isBeginning, type Piece, vocabularyOf } from "./pieces.ts";

export const END = 0;
/** The end token has the bytes of a word, as some have; the last is a marker. */
const TEXTS = "append a ap app append p pp pe pend e en end n nd d ly ( .a .ap . é".split(" ");
export const PIECES: readonly Piece[] = [
  ...TEXTS.map(bytesOf),
  // Halves of é, the second with more behind it.
  [0xc3],
  [0xa9],
  [0xa9, 0x61],
  [],
];
const VOCABULARY = vocabularyOf(PIECES, [END]);
export const UNLIMITED: HealLimits = { maxNodes: 63, maxPasses: 99, maxCovers: 99 };
export const PROMPT = [3, 1, 4, 1, 5];

export interface HealScenario {
  readonly text: string;
  readonly order: number;
  readonly seed: number;
  /** What differences between logits are multiplied by. */
  readonly sharpness: number;
}

export const healScenarios: fc.Arbitrary<HealScenario> = fc.record({
  text: fc.constantFrom("a", "ap", "app", "appe", "append", "pen", ".ap", ".append", "é", "aéa"),
  order: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(),
  sharpness: fc.constantFrom(0.3, 1, 3),
});

export function logitsFor({ order, seed, sharpness }: HealScenario): LogitsOf {
  const hashed = hashedLogits(PIECES.length, order, seed);
  return (history) => hashed(history).map((logit) => logit * sharpness);
}

export function openTarget(
  logitsOf: LogitsOf,
  options: { maxBranches?: number; contextSize?: number } = {},
): FakeTarget {
  return new FakeTarget({ vocabSize: PIECES.length, logitsOf, ...options });
}

export function pendingOf(text: string): PendingText {
  return PendingText.of(VOCABULARY, Uint8Array.from(bytesOf(text)))!;
}

export function heal(
  target: FakeTarget,
  text: string,
  options: Partial<HealParams> = {},
  signal = NEVER,
) {
  const pending = pendingOf(text);
  const promptTokens = Int32Array.from(PROMPT);
  return healTokens({ target, promptTokens, pending, ...options }, signal);
}

/** ln P(tokens) behind the prompt. */
export function jointOf(
  logitsOf: LogitsOf,
  tokens: Iterable<number>,
  prompt: Iterable<number> = PROMPT,
): number {
  let sum = 0;
  const history = [...prompt];
  for (const token of tokens) {
    const row = logitsOf(history);
    sum += row[token]! - Math.log(row.reduce((total, logit) => total + Math.exp(logit), 0));
    history.push(token);
  }
  return sum;
}

/** All runs of tokens that write the text, the last of which completes it. */
export function allCovers(text: Piece, pieces: readonly Piece[] = PIECES): number[][] {
  return Array.from(pieces.entries()).flatMap(([token, piece]) => {
    if (token === END || piece.length === 0) return [];
    if (isBeginning(text, piece)) return [[token]];
    if (!isBeginning(piece, text)) return [];
    return allCovers(text.slice(piece.length), pieces).map((rest) => [token, ...rest]);
  });
}

export function expectCover(text: string, tokens: Int32Array): void {
  expect(allCovers(bytesOf(text))).toContainEqual(Array.from(tokens));
}

/** One row of equal logits. */
export function uniform(): Float32Array {
  return new Float32Array(PIECES.length);
}

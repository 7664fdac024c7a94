/** Parked prompts over sets of cells: who is kept, for how long, and what that takes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { commonPrefixLength } from "../../src/core/base/tokens.ts";
import { KvMembership } from "../../src/llama/target/kvMembership.ts";
import {
  MAX_PARKED_PROMPTS,
  MIN_VARIANT_TOKENS,
  ParkedPrompts,
} from "../../src/llama/target/parkedPrompts.ts";
import { isOtherPlace, MIN_OWN_TOKENS } from "../../src/llama/target/promptPlace.ts";
import { FakeContext } from "../fakes/fakeContext.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

class Bench {
  readonly #context = new FakeContext({
    vocabSize: 7,
    size: 1000,
    logitsOf: hashedLogits(7, 1),
  });
  readonly trunk = new KvMembership(this.#context.memory, 8);
  readonly parked: ParkedPrompts;
  readonly #maxBytes: number;
  held: Int32Array = new Int32Array(0);

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
    this.parked = new ParkedPrompts(this.#context.trunkStates, this.trunk, maxBytes);
  }

  /** Turns to a prompt and evaluates so much of the rest. @returns tokens that were found. */
  turnTo(tokens: Int32Array, share = 1, keepsVariants = false): number {
    const numFound = this.parked.turnTo(tokens, this.held, keepsVariants)!;
    const { memory } = this.#context;
    expect(this.trunk.length).toBe(numFound);
    expect(memory.sequence(0)).toEqual(Array.from(tokens.subarray(0, numFound), String));
    expect(memory.cells).toHaveLength(numFound);
    const end = numFound + Math.floor(share * (tokens.length - numFound));
    for (let at = numFound; at < end; at++) memory.add(at, `${tokens[at]}`, [0]);
    this.trunk.extendTrunk(end - numFound);
    this.held = tokens.slice(0, end);
    expect(this.parked.lengths.length).toBeLessThanOrEqual(MAX_PARKED_PROMPTS);
    expect(this.parked.numBytes).toBeLessThanOrEqual(this.#maxBytes);
    return numFound;
  }
}

/** Whether a prompt has tokens that another one has no use for. */
function isVariant(kept: Int32Array, tokens: Int32Array): boolean {
  return kept.length - commonPrefixLength(kept, tokens) >= MIN_VARIANT_TOKENS;
}

const NUM_LEVELS = 5;

/** A prompt of a place; places have their first tokens in common, the more the closer their numbers. */
function promptOf(place: number, length: number): Int32Array {
  const branchAt = (at: number) => place >> Math.max(0, NUM_LEVELS - Math.floor(at / 60));
  return Int32Array.from({ length }, (_, at) => at * 100 + branchAt(at));
}

test("a prompt finds the longest start among those that a naive list keeps", () => {
  let numReturns = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          place: fc.nat(63),
          length: fc.nat(400),
          share: fc.constantFrom(1, 1, 1, 0.5, 0),
        }),
        { maxLength: 30 },
      ),
      (turns) => {
        const bench = new Bench();
        let kept: Int32Array[] = [];
        for (const { place, length, share } of turns) {
          const tokens = promptOf(place, length);
          const own = commonPrefixLength(bench.held, tokens);
          const others = kept.map((one) => commonPrefixLength(one, tokens));
          const best = Math.max(0, ...others);
          const isReturn = best >= own + MIN_OWN_TOKENS;
          const isParked = tokens.length > 0 && isOtherPlace(bench.held, tokens);
          if (isParked) kept = [...kept.filter((one) => isVariant(one, bench.held)), bench.held];
          if (tokens.length === 0) kept = [];
          if (isReturn || isParked) kept = kept.filter((one) => isOtherPlace(one, tokens));
          kept = kept.slice(-MAX_PARKED_PROMPTS);
          expect(bench.turnTo(tokens, share)).toBe(isReturn ? best : own);
          expect(bench.parked.lengths).toEqual(kept.map((one) => one.length));
          if (isReturn) numReturns++;
        }
      },
    ),
    { numRuns: NUM_RUNS },
  );
  expect(numReturns).toBeGreaterThan(0);
});

test("a prompt that is read ahead and the one in use find each other's cells, whoever grows", () => {
  // Of one place: the same text, cut elsewhere.
  const text = Int32Array.from({ length: 900 }, (_, at) => 7 + ((at * 31) % 211));
  const short = (numTyped: number) => text.subarray(600, 800 + numTyped);
  const long = (numTyped: number) => text.subarray(100, 800 + numTyped);
  expect(isOtherPlace(short(0), long(0))).toBe(false);
  fc.assert(
    fc.property(
      fc.array(fc.record({ isLong: fc.boolean(), share: fc.constantFrom(0.1, 0.5, 1) }), {
        minLength: 2,
        maxLength: 40,
      }),
      (turns) => {
        const bench = new Bench();
        const numHeld = { short: 0, long: 0 };
        for (const [numTyped, { isLong, share }] of turns.entries()) {
          const tokens = isLong ? long(numTyped) : short(numTyped);
          const which = isLong ? "long" : "short";
          const atHand = Math.max(
            bench.parked.numHeld(tokens),
            commonPrefixLength(bench.held, tokens),
          );
          const numFound = bench.turnTo(tokens, share, true);
          expect(numFound).toBeLessThanOrEqual(atHand);
          // Fewer are not worth a copy.
          expect(numFound).toBeGreaterThan(atHand - MIN_VARIANT_TOKENS);
          expect(numFound).toBeGreaterThan(numHeld[which] - MIN_VARIANT_TOKENS);
          numHeld[which] = bench.held.length;
          expect(bench.parked.lengths.length).toBeLessThanOrEqual(2);
        }
      },
    ),
    { numRuns: NUM_RUNS },
  );
});

test("copies take no more memory than they may: those that were left first go", () => {
  const prompts = [1, 2, 3].map((place) =>
    Int32Array.from({ length: 256 }, (_, at) => 1000 + at * 10 + place),
  );
  const one = new Bench();
  one.turnTo(prompts[0]!);
  one.turnTo(prompts[1]!);
  const { numBytes } = one.parked;
  expect(numBytes).toBeGreaterThan(256);

  const bench = new Bench(numBytes + 10);
  for (const prompt of prompts) bench.turnTo(prompt);
  expect(bench.parked.numBytes).toBe(numBytes);
  expect(bench.turnTo(prompts[1]!)).toBe(256);
  expect(bench.turnTo(prompts[0]!)).toBe(0);
  // One that is too large drives nobody out.
  bench.turnTo(Int32Array.from({ length: 900 }, (_, at) => 5000 + at));
  bench.turnTo(prompts[2]!);
  expect(bench.parked.lengths).toEqual([256]);
  expect(bench.turnTo(prompts[0]!)).toBe(256);
});

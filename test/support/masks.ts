/** Constraints that forbid tokens by their position in the output. */
import fc from "fast-check";
import type { TokenConstraint } from "../../src/core/tree/tokenConstraint.ts";

/** What may not come at a position; the list is gone through over and over. */
export type Forbidden = readonly (readonly number[])[];

/** One token of the vocabulary is always left. */
export function arbitraryForbidden(vocabSize: number): fc.Arbitrary<Forbidden | undefined> {
  const tokens = fc.uniqueArray(fc.nat(vocabSize - 1), { maxLength: vocabSize - 1 });
  return fc.option(fc.array(tokens, { minLength: 1, maxLength: 4 }), { nil: undefined });
}

export function maskOf(
  forbidden: Forbidden | undefined,
  vocabSize: number,
  position = 0,
): TokenConstraint | undefined {
  if (forbidden === undefined) return undefined;
  const now = forbiddenAt(forbidden, position);
  const tokens = Int32Array.from({ length: vocabSize }, (_, token) => token);
  return {
    next: tokens.filter((token) => !now.includes(token)),
    after: () => maskOf(forbidden, vocabSize, position + 1),
  };
}

export function forbiddenAt(forbidden: Forbidden | undefined, position: number): readonly number[] {
  return forbidden?.[position % forbidden.length] ?? [];
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompletionStopRule } from "../../src/core/ending/stopRules.ts";
import { type CompletionCase, readCompletionCases } from "../support/completionCase.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { offer } from "../support/offerCompletion.ts";

const CASES = readCompletionCases().map((one) => [one.name, one] as const);

function offerCase({ cursor, output, isUnfinished }: CompletionCase, pieces: readonly string[]) {
  expect(pieces.join("")).toBe(output);
  return offer(cursor, pieces, isUnfinished);
}

/** An output cut at places that the arbitrary chooses, never inside a surrogate pair. */
function piecesOf(output: string): fc.Arbitrary<string[]> {
  const characters = Array.from(output);
  return fc
    .array(fc.boolean(), { minLength: characters.length, maxLength: characters.length })
    .map((cuts) =>
      characters.reduce<string[]>((pieces, character, index) => {
        if (index === 0 || cuts[index]) pieces.push(character);
        else pieces.push(pieces.pop()! + character);
        return pieces;
      }, []),
    );
}

describe("golden cases", () => {
  test.each(CASES)("%s", (_name, one) => {
    expect(offerCase(one, [one.output])).toEqual(one.expected);
  });

  test.each(CASES)("by character, word and line: %s", (_name, one) => {
    for (const cut of [/(?:)/u, /\b/, /(?<=\n)/]) {
      expect(offerCase(one, one.output.split(cut))).toEqual(one.expected);
    }
  });

  test.each(CASES)("cut anywhere: %s", (_name, one) => {
    fc.assert(
      fc.property(piecesOf(one.output), (pieces) => {
        expect(offerCase(one, pieces)).toEqual(one.expected);
      }),
      { numRuns: NUM_RUNS / 10 },
    );
  });

  test.each(CASES)("the rest of an output does not matter once it has ended: %s", (_name, one) => {
    const rule = new CompletionStopRule(one.cursor, () => one.output);
    if (!rule.push(0)) return;
    expect(offer(one.cursor, [`${one.output}more(\n`], false)).toEqual(one.expected);
  });
});

describe("CompletionStopRule", () => {
  test("settles no blank lines that may stand between a line and its repeats", () => {
    const cursor = { prefixText: "", suffixText: "", languageId: "typescript" };
    const line = "if (a) {\n";
    expect(offer(cursor, [line, "\n\n", line, line], false)).toEqual({ text: "if (a) {" });
  });
});

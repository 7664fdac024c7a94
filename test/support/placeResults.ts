/** Places of the suite `accuracy`, answered as a test wants. */
import type { PlaceResult } from "../../src/bench/accuracy/placeResult.ts";

/** A place at which `const a = b;` stood, answered rightly; every third place is of the next file. */
export function placeResult(index: number, other: Partial<PlaceResult> = {}): PlaceResult {
  const right = "b;";
  return {
    key: `a${Math.floor(index / 3)}.ts:${index}`,
    path: `a${Math.floor(index / 3)}.ts`,
    ...{ line: index + 1, column: 11, language: "typescript", kind: "assignment", span: "line" },
    ...{ keepsTokens: index % 2 === 0, hiddenText: right, textBehind: "\nreturn a;" },
    ...{ rawText: right, offeredText: right, rejection: null, otherTexts: [] },
    ...{ finishReason: "stopRule", numTokens: 2, firstMs: 20, prefillMs: 10, othersMs: 5 },
    parses: { original: true, without: false, offered: true, raw: true },
    ...other,
  };
}

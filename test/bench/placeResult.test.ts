import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstTextLine, judge, placeKey, rawTextOf } from "../../src/bench/accuracy/placeResult.ts";
import { drawStopSpots, type StopSpot } from "../../src/bench/spots/stopSpots.ts";
import { trimCompletion } from "../../src/core/ending/trimCompletion.ts";
import { packageSources } from "../support/packageSources.ts";

const place = (hiddenText: string, textBehind = "\n}\n") => ({ hiddenText, textBehind });

describe("judge", () => {
  test("an answer that is the hidden text is right in every way", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (hidden, behind) => {
        fc.pre(hidden.trim() !== "");
        const judged = judge(hidden, place(hidden, behind));
        expect(judged).toMatchObject({ isLineExact: true, isWhole: true, lineSimilarity: 1 });
        expect(judged).toMatchObject({ textSimilarity: 1, numKept: hidden.trimEnd().length });
      }),
    );
  });

  test("the first line counts as exact whatever follows it, and keeps what agrees from its start on", () => {
    const judged = judge("a + b;\nreturn c;", place("a + b;\nreturn d;"));
    expect(judged).toMatchObject({ isLineExact: true, isWhole: false, lineSimilarity: 1 });
    expect(judged.numChars).toBe("a + b;\nreturn c;".length);
    expect(judged.numKept).toBe("a + b;\nreturn ".length);
  });

  test("text that goes on as the file does is kept, though it was not hidden", () => {
    expect(judge("a;\n}", place("a;")).numKept).toBe(4);
    expect(judge("a;\n}", place("a;")).isWhole).toBe(false);
  });

  test("at a line's end the line below is the first one, with its indentation", () => {
    const hidden = place("\n  return a;");
    expect(judge("\n  return a;\n", hidden)).toMatchObject({ isLineExact: true, isWhole: true });
    expect(judge("\n    return a;", hidden).isLineExact).toBe(false);
    expect(judge("return a;", hidden).isLineExact).toBe(false);
    expect(firstTextLine("\n  return a;\n  b")).toBe("\n  return a;");
  });

  test("nothing is no answer", () => {
    expect(judge("", place("a"))).toMatchObject({
      ...{ isLineExact: false, isWhole: false, lineSimilarity: 0, textSimilarity: 0 },
      ...{ numChars: 0, numKept: 0 },
    });
  });
});

describe("rawTextOf", () => {
  test("is what was written up to the end of the rule, and trimming it gives what trimming all gives", () => {
    const spots = drawStopSpots(packageSources(), 60, 2);
    for (const spot of spots) {
      const { prefixText, suffixText, language: languageId } = spot;
      const written = `${spot.hiddenText}${suffixText.slice(0, 60)}`;
      const raw = rawTextOf(written.match(/[\s\S]{1,3}/g) ?? [], spot);
      expect(written.startsWith(raw)).toBe(true);
      const trim = (text: string) => trimCompletion(text, { prefixText, suffixText, languageId });
      const [ofRaw, ofAll] = [trim(raw), trim(written)];
      // What stands behind the end may say that a line break is wanted.
      if ("text" in ofRaw && "text" in ofAll) {
        expect(ofAll.text.trimEnd()).toBe(ofRaw.text.trimEnd());
      }
    }
  });
});

describe("placeKey", () => {
  test("tells places, spans and versions of a file apart", () => {
    const spot: StopSpot = {
      ...{ path: "a.ts", line: 1, column: 5, language: "typescript", kind: "word", span: "line" },
      ...{ prefixText: "cons", hiddenText: "t a;", suffixText: "" },
    };
    const others: StopSpot[] = [
      { ...spot, column: 6 },
      { ...spot, span: "block" },
      { ...spot, suffixText: "\n" },
      { ...spot, path: "b.ts" },
    ];
    expect(new Set([spot, ...others].map(placeKey)).size).toBe(5);
    expect(placeKey({ ...spot })).toBe(placeKey(spot));
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addedSpot, drawRestSpots } from "../../tooling/traces/record/restSpots.ts";
import { packageSources } from "../support/packageSources.ts";

const files = packageSources().slice(0, 12);

describe("drawRestSpots", () => {
  test("draws places where people rest, in the text as it is, each line once and the same by seed", () => {
    const property = fc.property(fc.nat(), (seed) => {
      const spots = drawRestSpots(files, 60, seed);
      expect(drawRestSpots(files, 60, seed)).toEqual(spots);
      expect(new Set(spots.map(({ path, line }) => `${path}:${line}`)).size).toBe(spots.length);
      for (const { path, line, column, prefixText, hiddenText, suffixText } of spots) {
        const { text } = files.find((file) => file.path === path)!;
        expect(prefixText + hiddenText + suffixText).toBe(text);
        const lines = prefixText.split("\n");
        expect([lines.length, lines.at(-1)!.length + 1]).toEqual([line, column]);
        const isAtEnd = hiddenText === "" || hiddenText.startsWith("\n");
        expect(isAtEnd || /(^\s*|[([{.=,:<>+\-*/|&?!]\s?)$/.test(lines.at(-1)!)).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 20 });
  });

  test("draws no more than there are", () => {
    const one = { path: "a.ts", text: "// const no = comment();\nconst a = call(b, c);\n\n}\n" };
    expect(drawRestSpots([one], 9, 1)).toMatchObject([{ line: 2 }]);
  });
});

describe("addedSpot", () => {
  const file = { path: "a.ts", text: "first();\n  const a = call(b, c);\n  more(a);\nlast();\n" };

  test("hides added lines from a place in the first to the end of the last", () => {
    for (let seed = 0; seed < 20; seed++) {
      const spot = addedSpot(file, { first: 2, last: 3 }, seed)!;
      expect(spot.prefixText + spot.hiddenText + spot.suffixText).toBe(file.text);
      expect(spot.suffixText).toBe("\nlast();\n");
      expect(spot.line).toBe(2);
    }
  });

  test("leaves out what is no code", () => {
    expect(
      addedSpot({ path: "a.ts", text: "// a comment that is long\n" }, { first: 1, last: 1 }, 1),
    ).toBe(undefined);
    expect(addedSpot(file, { first: 9, last: 9 }, 1)).toBe(undefined);
  });
});

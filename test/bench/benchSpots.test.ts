import { describe, expect, test } from "vitest";
import { drawDistinctSpots, LineCounts } from "../../src/bench/spots/benchSpots.ts";
import { packageSources } from "../support/packageSources.ts";

describe("drawDistinctSpots", () => {
  const files = packageSources();

  test("draws different lines, the same for the same seed", () => {
    const spots = drawDistinctSpots(files, 200, 3);
    expect(spots).toHaveLength(200);
    expect(new Set(spots.map(({ path, line }) => `${path}:${line}`)).size).toBe(200);
    expect(drawDistinctSpots(files, 200, 3)).toEqual(spots);
    for (const { path, prefixText, hiddenText, suffixText } of spots) {
      expect(files.find((file) => file.path === path)?.text).toBe(
        prefixText + hiddenText + suffixText,
      );
    }
  });

  test("draws fewer where there are no more, and refuses to draw from nothing", () => {
    const one = { path: "a.ts", text: "const answer = 42;\n}\n" };
    expect(drawDistinctSpots([one], 5, 1)).toHaveLength(1);
    expect(() => drawDistinctSpots([{ path: "b.ts", text: "}\n" }], 5, 1)).toThrow(RangeError);
  });
});

describe("LineCounts", () => {
  const own = "import x from 'x';\nconst a = 1;\n  return a + 1;\n}\nconst b = 2;\n";
  const spotOf = (hiddenText: string) => {
    const start = own.indexOf(hiddenText);
    return {
      path: "own.ts",
      line: 1,
      column: 1,
      prefixText: own.slice(0, start),
      hiddenText,
      suffixText: own.slice(start + hiddenText.length),
    };
  };
  const hidden = "= 1;\n  return a + 1;\n}";

  test("counts hidden lines that stand in other files, without their indentation and brackets", () => {
    const files = [
      { path: "own.ts", text: own },
      { path: "other.ts", text: "\t\treturn a + 1;\r\n}\n" },
    ];
    expect(new LineCounts(files).hiddenLines(spotOf(hidden))).toEqual({
      numLines: 2,
      numVerbatim: 1,
    });
  });

  test("does not count the hidden lines themselves, but those left in the same file", () => {
    const alone = new LineCounts([{ path: "own.ts", text: own }]);
    expect(alone.hiddenLines(spotOf(hidden)).numVerbatim).toBe(0);
    const twice = new LineCounts([{ path: "own.ts", text: `${own}const a = 1;\n` }]);
    expect(twice.hiddenLines(spotOf(hidden)).numVerbatim).toBe(1);
  });

  test("looks around a file that is not among the files", () => {
    const counts = new LineCounts([{ path: "other.ts", text: "const a = 1;\n" }]);
    expect(counts.hiddenLines(spotOf(hidden))).toEqual({ numLines: 2, numVerbatim: 1 });
    const repeated = spotOf("const b = 2;");
    const spot = { ...repeated, suffixText: "\nconst b = 2;\n" };
    expect(counts.hiddenLines(spot)).toEqual({ numLines: 1, numVerbatim: 1 });
  });
});

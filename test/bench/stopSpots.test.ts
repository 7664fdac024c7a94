import { describe, expect, test } from "vitest";
import {
  drawStopSpots,
  languagesOf,
  STOP_KINDS,
  type StopSpot,
} from "../../src/bench/spots/stopSpots.ts";
import { packageSources } from "../support/packageSources.ts";

const FILES = packageSources();
const PYTHON = `import os

def read(path, mode="r"):
    """Reads = all (of it)."""
    # size = 3
    handle = open(path, mode)
    if handle.closed:
        return None
    text = handle.read()
    return text.strip() + os.linesep


class Reader:
    limit = 1000
    def close(self):
        self.handle.close()
        return self.limit
`;
const GO = `package main

// add(a, b) sums = both.
func add(left, right int) int {
	total := left + right
	if total > limit {
		return limit
	}
	return total
}
`;

/** What a cursor of each kind has before it. */
const BEFORE: Record<StopSpot["kind"], RegExp> = {
  bracket: /\($/,
  dot: /\.$/,
  assignment: /= ?$/,
  operator: /\S $/,
  indentation: /(^|\n)[ \t]+$/,
  word: /[\p{L}\p{N}_]{2}$/u,
  lineEnd: /\S$/,
};

describe("drawStopSpots", () => {
  test("hides what stood there, behind what its kind says, up to the end of a line", () => {
    const spots = drawStopSpots(FILES, 300, 1);
    expect(spots).toHaveLength(300);
    const texts = new Map(FILES.map(({ path, text }) => [path, text.replaceAll("\r\n", "\n")]));
    for (const { prefixText, hiddenText, suffixText, path, kind, span, line, column } of spots) {
      expect(prefixText + hiddenText + suffixText).toBe(texts.get(path));
      expect(prefixText).toMatch(BEFORE[kind]);
      expect(suffixText === "" || suffixText.startsWith("\n")).toBe(true);
      expect(hiddenText).toMatch(/[\p{L}\p{N}]/u);
      expect(hiddenText.startsWith("\n")).toBe(kind === "lineEnd");
      const numBreaks = hiddenText.split("\n").length - 1;
      expect(numBreaks > Number(kind === "lineEnd")).toBe(span === "block");
      const lines = prefixText.split("\n");
      expect([line, column]).toEqual([lines.length, lines.at(-1)!.length + 1]);
    }
  });

  test("draws every kind about as often, half of them blocks, each line of a file once", () => {
    const spots = drawStopSpots(FILES, 280, 3);
    for (const kind of STOP_KINDS) {
      expect(spots.filter((spot) => spot.kind === kind).length).toBeGreaterThan(280 / 14);
    }
    const numBlocks = spots.filter(({ span }) => span === "block").length;
    expect(numBlocks / spots.length).toBeGreaterThan(0.3);
    expect(numBlocks / spots.length).toBeLessThan(0.6);
    expect(new Set(spots.map(({ path, line }) => `${path} ${line}`)).size).toBe(spots.length);
  });

  test("a block ends before a blank line and before less indentation", () => {
    const blocks = drawStopSpots(FILES, 300, 4).filter(({ span }) => span === "block");
    expect(blocks.length).toBeGreaterThan(50);
    for (const { hiddenText, suffixText, prefixText, kind } of blocks) {
      expect(hiddenText).not.toMatch(/\n[ \t]*\n/);
      const indentOf = (text: string) => text.length - text.trimStart().length;
      const own = indentOf(prefixText.slice(prefixText.lastIndexOf("\n") + 1) + hiddenText);
      const below = hiddenText.split("\n").slice(kind === "lineEnd" ? 2 : 1);
      const next = suffixText.split("\n")[1] ?? "";
      if (kind !== "lineEnd" && kind !== "indentation") {
        for (const line of below) expect(indentOf(line)).toBeGreaterThanOrEqual(own);
        expect(next.trim() === "" || indentOf(next) < own).toBe(true);
      }
    }
  });

  test("is the same for the same seed, and another for another", () => {
    const draw = (seed: number) => drawStopSpots(FILES, 40, seed);
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  test("takes languages in turn, and no place in comments, strings or prose", () => {
    const files = [
      { path: "a/read.py", text: PYTHON },
      { path: "a/add.go", text: GO },
      { path: "README.md", text: "Some text (that says = nothing) here.\nAnother line of it.\n" },
      { path: "types.d.ts", text: "export declare function add(left: number): number;\n" },
      ...FILES.slice(0, 3),
    ];
    expect(languagesOf(files)).toEqual(["typescript", "go", "python"]);
    for (let seed = 1; seed <= 20; seed++) {
      const spots = drawStopSpots(files, 15, seed);
      expect(spots.slice(0, 5).every(({ language }) => language === "typescript")).toBe(true);
      expect(new Set(spots.map(({ language }) => language)).size).toBe(3);
      for (const { prefixText } of spots) {
        const before = prefixText.slice(prefixText.lastIndexOf("\n") + 1);
        expect(before).not.toMatch(/^\s*(#|\/\/|""")|"""Reads/);
      }
    }
  });

  test("places of a file with CRLF line ends are those of the same file without", () => {
    const crlf = [{ path: "add.go", text: GO.replaceAll("\n", "\r\n") }];
    expect(drawStopSpots(crlf, 4, 1)).toEqual(drawStopSpots([{ path: "add.go", text: GO }], 4, 1));
  });

  test("gives what there is, and refuses files without code", () => {
    const few = drawStopSpots([{ path: "add.go", text: GO }], 100, 1);
    expect(few.length).toBeGreaterThan(0);
    expect(few.length).toBeLessThan(10);
    expect(() => drawStopSpots([{ path: "a.md", text: "Prose." }], 3, 1)).toThrow(RangeError);
    expect(() => drawStopSpots([{ path: "a.ts", text: "// only this\n" }], 3, 1)).toThrow(
      RangeError,
    );
  });
});

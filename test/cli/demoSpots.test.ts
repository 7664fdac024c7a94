import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DEMO_SPOTS, placeSpot, sessionPlaces } from "../../src/cli/demo/demoSpots.ts";

const ROOT = new URL("../../node_modules/", import.meta.url);

describe("placeSpot", () => {
  test.each(DEMO_SPOTS)("finds $packageName/$file and hides what follows", (spot) => {
    const text = readFileSync(new URL(`${spot.packageName}/${spot.file}`, ROOT), "utf8");
    const { prefixText, suffixText, line } = placeSpot(text, spot);
    expect(prefixText.endsWith(spot.before)).toBe(true);
    expect(suffixText).toMatch(/^\r?\n/);
    expect(text.endsWith(suffixText)).toBe(true);
    const hidden = text.slice(prefixText.length, text.length - suffixText.length);
    expect(hidden.trim()).not.toBe("");
    expect(hidden.split("\n")).toHaveLength(spot.numHiddenLines);
    expect(line).toBe(prefixText.split("\n").length);
  });

  test("refuses a text that holds the place twice", () => {
    const spot = { packageName: "p", file: "f.ts", before: "x = ", numHiddenLines: 1 };
    expect(() => placeSpot("x = 1\nx = 2\n", spot)).toThrow(/p\/f\.ts.*more than once/);
    expect(() => placeSpot("y = 1\n", spot)).toThrow(/nowhere/);
  });
});

describe("sessionPlaces", () => {
  test("are before other lines of code, and have nothing of what the spot hides", () => {
    const lines = Array.from({ length: 40 }, (_, line) =>
      line % 2 === 0 ? `  const value${line} = ${line};` : "  // a comment of some length",
    );
    const prefixText = lines.slice(0, 20).join("\n");
    const suffixText = ["", ...lines.slice(21)].join("\n");
    const places = sessionPlaces({ prefixText, suffixText });
    expect(places).toHaveLength(3);
    for (const place of places) {
      expect(place.prefixText).toMatch(/\n {2}$/);
      expect(place.suffixText).toMatch(/^\n/);
      expect(place.prefixText + place.suffixText).not.toContain("value20");
    }
    expect(sessionPlaces({ prefixText: "", suffixText: "" })).toEqual([]);
  });
});

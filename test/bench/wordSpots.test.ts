import { describe, expect, test } from "vitest";
import { drawWordSpots } from "../../src/bench/spots/benchSpots.ts";
import { packageSources } from "../support/packageSources.ts";

describe("drawWordSpots", () => {
  const files = packageSources().slice(0, 20);
  const spots = drawWordSpots(files, 50, 7);

  test("puts each cursor behind white space, with the rest of its line hidden", () => {
    expect(spots).toHaveLength(50);
    for (const { path, line, column, prefixText, hiddenText, suffixText } of spots) {
      expect(prefixText).toMatch(/\s$|^$/);
      expect(hiddenText).toMatch(/^\S/);
      const text = files.find((file) => file.path === path)?.text;
      expect(prefixText + hiddenText + suffixText).toBe(text);
      expect(text?.split("\n")[line - 1]?.slice(column - 1)).toBe(hiddenText.split("\n")[0]);
    }
  });

  test("draws the same by the same seed", () => {
    expect(drawWordSpots(files, 50, 7)).toEqual(spots);
    expect(drawWordSpots(files, 50, 8)).not.toEqual(spots);
  });
});

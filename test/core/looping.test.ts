import { describe, expect, test } from "vitest";
import { isLooping } from "../../src/core/tree/looping.ts";

const run = (start: number, length = 8) => Array.from({ length }, (_, index) => start + index);

describe("isLooping", () => {
  test("finds a run of eight tokens that occurs three times", () => {
    expect(isLooping([...run(0), 90, ...run(0), 91, ...run(0)])).toBe(true);
  });

  test("lets two occurrences pass", () => {
    expect(isLooping([...run(0), 90, ...run(0), 91])).toBe(false);
  });

  test("lets three occurrences of seven tokens pass", () => {
    expect(isLooping([...run(0, 7), 90, ...run(0, 7), 91, ...run(0, 7)])).toBe(false);
  });

  test("counts overlapping occurrences", () => {
    expect(isLooping(Int32Array.from({ length: 10 }, () => 5))).toBe(true);
    expect(isLooping(Int32Array.from({ length: 9 }, () => 5))).toBe(false);
  });

  test("accepts output that is shorter than a run", () => {
    expect(isLooping([])).toBe(false);
  });
});

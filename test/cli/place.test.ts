import { describe, expect, test } from "vitest";
import { placeOf } from "../../src/cli/complete/place.ts";

describe("placeOf", () => {
  test.each([
    ["a.ts:12:3", {}, { file: "a.ts", line: 12, column: 3 }],
    ["C:\\x\\a.ts:1:1", {}, { file: "C:\\x\\a.ts", line: 1, column: 1 }],
    ["a:1:2:3:4", {}, { file: "a:1:2", line: 3, column: 4 }],
    ["a.ts:12:3", { line: 1, column: 2 }, { file: "a.ts:12:3", line: 1, column: 2 }],
  ])("%s with %j is %j", (named, options, place) => {
    expect(placeOf(named, options)).toEqual(place);
  });

  test.each([
    ["a.ts", {}, "Expected a place such as src/main.ts:12:3, found a.ts."],
    ["a.ts:12", {}, "found a.ts:12."],
    ["a.ts:0:1", {}, "Lines and columns count from 1"],
    ["a.ts", { line: 3 }, "found --line alone: add --column"],
    ["a.ts:1:1", { column: 3 }, "found --column alone: add --line"],
  ])("%s with %j is refused", (named, options, message) => {
    expect(() => placeOf(named, options)).toThrow(message);
  });
});

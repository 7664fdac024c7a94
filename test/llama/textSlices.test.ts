import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextJoint, sliceEnd } from "../../src/llama/text/textSlices.ts";

function slicesOf(text: string, numChars: number): string[] {
  const slices: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = sliceEnd(text, start, numChars);
    slices.push(text.slice(start, end));
    start = end;
  }
  return slices;
}

describe("sliceEnd", () => {
  test("parts between a line of text and another, else where a line ends, else anywhere", () => {
    expect(slicesOf("aaaa\nbbbb\ncccc\n", 4)).toEqual(["aaaa\n", "bbbb\n", "cccc\n"]);
    expect(slicesOf("aaaa\n bb\n cc\n dd\n", 8)).toEqual(["aaaa\n bb\n", " cc\n dd\n"]);
    expect(slicesOf("a".repeat(10), 4)).toEqual(["a".repeat(6), "a".repeat(4)]);
    expect(slicesOf("aaa", 4)).toEqual(["aaa"]);
  });

  test("loses nothing, is never much longer, and cuts no character in two", () => {
    const text = fc.string({ unit: fc.constantFrom("a", " ", "\n", "/", "😀"), maxLength: 300 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (text, numChars) => {
        const slices = slicesOf(text, numChars);
        expect(slices.join("")).toBe(text);
        for (const slice of slices) {
          expect(slice.length).toBeLessThanOrEqual(Math.ceil(1.5 * numChars) + 1);
          expect(slice).not.toMatch(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/);
        }
      }),
    );
  });
});

describe("nextJoint", () => {
  test("is at the start of a line of text after one", () => {
    expect(nextJoint("a\nb\nc", 0)).toBe(2);
    expect(nextJoint("a\nb\nc", 1)).toBe(4);
    expect(nextJoint("a\n\nb\n c\n/d", 0)).toBe(-1);
  });
});

import { describe, expect, test } from "vitest";
import { lineEndsOf, splitAtCursor, withLineFeeds } from "../../src/cli/complete/cursor.ts";

describe("splitAtCursor", () => {
  test.each([
    ["at the start", "ab\ncd\n", 1, 1, "", "ab\ncd\n"],
    ["inside a line", "ab\ncd\n", 2, 2, "ab\nc", "d\n"],
    ["at the end of a line", "ab\ncd\n", 1, 3, "ab", "\ncd\n"],
    ["on the empty last line", "ab\n", 2, 1, "ab\n", ""],
    ["at the end of a file without a final line end", "ab", 1, 3, "ab", ""],
    ["in an empty file", "", 1, 1, "", ""],
    ["before a CRLF, which stays as it is", "ab\r\ncd", 1, 3, "ab", "\r\ncd"],
    ["after a CRLF", "ab\r\ncd", 2, 1, "ab\r\n", "cd"],
    ["after a lone CR", "ab\rcd", 2, 2, "ab\rc", "d"],
    ["after a character of two code units", "x😀y", 1, 4, "x😀", "y"],
    ["between two characters of two code units", "😀😀", 1, 3, "😀", "😀"],
    ["after a tab, which is one column", "\tx", 1, 2, "\t", "x"],
  ])("splits %s", (_, text, line, column, prefixText, suffixText) => {
    expect(splitAtCursor(text, line, column)).toEqual({ prefixText, suffixText });
  });

  test.each([
    ["a line past the end", "ab\ncd", 3, 1, /Line 3 .*expected 1 to 2/],
    ["a column past the end of the line", "ab\ncd", 1, 4, /Column 4 .*line 1: expected 1 to 3/],
    ["a column inside a CRLF", "ab\r\n", 1, 4, /expected 1 to 3/],
    ["a column inside a character", "x😀", 1, 3, /inside the character 😀.*column 2 .* or 4/],
  ])("refuses %s and names what it expects", (_, text, line, column, message) => {
    expect(() => splitAtCursor(text, line, column)).toThrow(message);
  });
});

test("the engine is asked with line feeds, as the editor asks", () => {
  const split = splitAtCursor("a\r\nb c\r\n\r\nd\re", 2, 2);
  expect(withLineFeeds(split)).toEqual({ prefixText: "a\nb", suffixText: " c\n\nd\re" });
});

describe("lineEndsOf", () => {
  test.each([
    ["a\r\nb\n", "x\r\ny"],
    ["a\nb\r\n", "x\ny"],
    ["a", "x\ny"],
  ])("%j: a completion has the file's line ends", (text, expected) => {
    expect(lineEndsOf(text)("x\ny")).toBe(expected);
  });
});

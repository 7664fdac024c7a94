import { describe, expect, test } from "vitest";
import { endsAllElements, OwnElements } from "../../src/core/syntax/tagBalance.ts";

describe("endsAllElements", () => {
  test.each([
    ["<a>\n<b x='1'>", "</b></a>", true],
    ["<a><br><img src=x><b/>", "</a>", true],
    ["", "", false],
    ["<a></a>", "", false],
    ["<a><b>", "</a>", false],
    ["<a>", "</b>", false],
    ["<a></b>", "</a>", false],
    ["<ul><li>one", "</ul>", false],
    ["</a>", "", false],
    ["<a><b x=", "></a>", false],
    ["<a></", "a>", false],
    ["<script lang='ts'>let a: Array<string>", "</script>", false],
  ])("%j and %j: %j", (prefixText, suffixText, expected) => {
    expect(endsAllElements(prefixText, suffixText, "html")).toBe(expected);
  });

  test("takes linear time for what is no tag", () => {
    const text = `<b>${"<a ".repeat(20_000)}></a>`;
    expect(endsAllElements(text, "</b>", "html")).toBe(true);
  });
});

test("XML has no elements without an end", () => {
  expect(endsAllElements("<a><link>", "</link></a>", "xml")).toBe(true);
  expect(endsAllElements("<a><link>", "</link></a>", "html")).toBe(false);
});

describe("OwnElements", () => {
  function surplusOf(text: string): number | undefined {
    const own = new OwnElements("html");
    for (let length = 1; length <= text.length; length++) {
      const start = own.push(text.slice(0, length));
      if (start !== undefined) return start;
    }
    return undefined;
  }

  test.each([
    ["</a>", 0],
    ["<b>text</b></a>", 11],
    ["<br></a>", 4],
    ["<b/>\n</a>", 5],
    ["<b><c></c></b>", undefined],
    ["1 < 2 </a", undefined],
  ])("%j ends at %j", (text, expected) => {
    expect(surplusOf(text)).toBe(expected);
  });

  test("holds a closing tag back while it is written", () => {
    const own = new OwnElements("html");
    for (const text of ["a", "a<", "a</", "a</b"]) own.push(text);
    expect(own.heldFrom).toBe(1);
    own.push("a</b>");
    expect(own.heldFrom).toBe(Number.POSITIVE_INFINITY);
  });
});

import { describe, expect, test } from "vitest";
import { syntaxOf } from "../../src/core/syntax/codeSyntax.ts";
import { beforePossibleMarker, wrapperStart } from "../../src/core/syntax/wrappers.ts";

describe("wrapperStart", () => {
  const startIn = (languageId: string, text: string, isText = false) =>
    wrapperStart(text, text.split("\n").at(-1), isText, syntaxOf(languageId, ""));

  test.each([
    ["python", "a\n```", 2],
    ["python", "a\n  ```", 4],
    ["python", "a ```", undefined],
    ["markdown", "a\n```", undefined],
    ["plaintext", "a\n```", undefined],
    ["yaml", "a: |\n  ```", undefined],
    ["asciidoc", "a\n```", undefined],
    ["markdown", "a<repo_name>", undefined],
    ["python", "a<file_sep>", 1],
    ["python", "a<|endoftext|>", 1],
    ["python", "a<｜fim▁hole｜>", 1],
    ["python", `${"a".repeat(99)}<fim_middle>`, 99],
    ["fsharp", "a <| b |> c", undefined],
    ["typescript", "Array<string>", undefined],
  ])("in %s, %j: %j", (languageId, text, expected) => {
    expect(startIn(languageId, text)).toBe(expected);
  });

  test("a marker in a string or comment is the document's", () => {
    expect(startIn("python", "a = '<|endoftext|>", true)).toBeUndefined();
  });
});

test.each([
  ["a<file_s", "a"],
  ["a<|endof", "a"],
  ["a<", "a"],
  ["a<｜fim▁", "a"],
  ["a<b", "a<b"],
  ["a <| b", "a <| b"],
  ["a", "a"],
])("of %j %j is sure", (text, expected) => {
  expect(beforePossibleMarker(text)).toBe(expected);
});

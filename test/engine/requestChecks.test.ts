import { describe, expect, test } from "vitest";
import { checkCompleteParams, checkPromptQuestion } from "../../src/engine/requestChecks.ts";

const PROMPT = { prefixText: "a", suffixText: "b", maxTokens: 8 };
const check = {
  completion: (fields: object) => checkCompleteParams({ ...PROMPT, sources: [], ...fields }),
  question: (fields: object) => checkPromptQuestion({ ...PROMPT, nextText: "c", ...fields }),
};

describe.each(["completion", "question"] as const)("of a %s", (what) => {
  test.each([
    {},
    { anchor: "file", heals: true },
    { anchor: { linesUp: 0 }, maxPromptTokens: 1, maxSuffixChars: 1 },
    { context: { imports: true, maxTokens: 64 }, documentPath: "/a.ts" },
  ])("%j is taken", (fields) => {
    expect(() => check[what](fields)).not.toThrow();
  });

  test.each([
    [{ prefixText: 1 }, "prefixText is 1, expected text."],
    [{ suffixText: undefined }, "suffixText is undefined, expected text."],
    [{ documentPath: 1 }, "documentPath is 1, expected text."],
    [{ maxTokens: 0 }, "maxTokens is 0, expected an integer of at least 1."],
    [{ maxSuffixChars: 0 }, "maxSuffixChars is 0, expected an integer of at least 1."],
    [{ maxPromptTokens: 1.5 }, "maxPromptTokens is 1.5, expected an integer of at least 1."],
    [{ heals: "yes" }, 'heals is "yes", expected true or false.'],
    [{ anchor: "line" }, 'anchor is "line", expected "cursor", "file", or'],
    [{ context: { imports: 1 } }, "expected kinds of imports, tabs, similar, edits"],
  ])("%j is refused by its field", (fields, message) => {
    expect(() => check[what](fields)).toThrow(message);
  });
});

test.each([
  [{ firstLineMs: 0 }, "firstLineMs is 0, expected an integer of at least 1."],
  [{ keepsAnchor: 1 }, "keepsAnchor is 1, expected true or false."],
  [{ reusesPrompt: "no" }, 'reusesPrompt is "no", expected true or false.'],
])("a completion with %j is refused by its field", (fields, message) => {
  expect(() => check.completion(fields)).toThrow(message);
});

import { describe, expect, test } from "vitest";
import { completeParams } from "../../src/engine/protocol/completeMessages.ts";
import { promptQuestion } from "../../src/engine/protocol/promptMessages.ts";
import { workspaceParams } from "../../src/engine/protocol/workspaceMessages.ts";
import { checkRequest } from "../../src/engine/requestChecks.ts";

const PROMPT = { prefixText: "a", suffixText: "b", maxTokens: 8 };
const check = {
  completion: (fields: object) =>
    checkRequest(completeParams, { ...PROMPT, sources: [], ...fields }),
  question: (fields: object) =>
    checkRequest(promptQuestion, { ...PROMPT, nextText: "c", ...fields }),
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
    [{ context: { imports: 1 } }, "context.imports is 1, expected true or false."],
    [{ context: { smells: true } }, "context.smells is"],
  ])("%j is refused by its field", (fields, message) => {
    expect(() => check[what](fields)).toThrow(message);
  });
});

test.each([
  [{ firstLineMs: 0 }, "firstLineMs is 0, expected an integer of at least 1."],
  [{ keepsAnchor: 1 }, "keepsAnchor is 1, expected true or false."],
  [{ reusesPrompt: "no" }, 'reusesPrompt is "no", expected true or false.'],
  [{ sources: undefined }, "sources is undefined, expected a list."],
  [{ sources: ["oracle"] }, 'sources.0 is "oracle", expected one of recycling, '],
  [{ numSuggestions: 9 }, "numSuggestions is 9, expected an integer from 1 to 8."],
  [{ suggestionMethod: "dice" }, 'suggestionMethod is "dice", expected one of branches, '],
])("a completion with %j is refused by its field", (fields, message) => {
  expect(() => check.completion(fields)).toThrow(message);
});

test("what is refused may be anything, and is shown short", () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  for (const [prefixText, found] of [
    [1n, "1"],
    [loop, "an object"],
    [new Array(1e6).fill("x"), "a list of 1000000"],
  ] as const) {
    const refused = () => check.completion({ prefixText });
    expect(refused).toThrow(`prefixText is ${found}, expected text.`);
  }
});

test("a field that is missing is named", () => {
  expect(() => checkRequest(completeParams, { prefixText: "a" })).toThrow("suffixText is missing.");
  const roots = [{ path: "/w", name: "w", isOnDisk: true }];
  expect(() => checkRequest(workspaceParams, { roots })).toThrow("roots.0.excludes is missing.");
});

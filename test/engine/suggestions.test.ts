/** Several suggestions on the real pair: the first is plain greedy decoding's, and asking for more changes nothing else. */
import { describe, expect, test } from "vitest";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { SUGGESTION_PROPOSERS } from "../../src/engine/protocol/suggestionMessages.ts";
import { LONG_REQUEST, PAIR, requestAt, SHORT_REQUEST } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const REQUESTS: readonly CompleteParams[] = [
  LONG_REQUEST,
  SHORT_REQUEST,
  requestAt("reselect/src/utils.ts", 1500),
  requestAt("immer/src/core/immerClass.ts", 3000),
];

async function openPair() {
  const client = createClient();
  await client.load(PAIR, ignore, NEVER);
  return (request: CompleteParams) => client.complete(request, ignore, NEVER);
}

describe.each(SUGGESTION_PROPOSERS)("several suggestions by %s", (suggestionMethod) => {
  test("begin with the one that stands alone, and leave the caches right", async () => {
    const [complete, completeAlone] = [await openPair(), await openPair()];
    let numOthers = 0;
    for (const request of REQUESTS) {
      const alone = await completeAlone(request);
      expect(alone.suggestions).toBeUndefined();
      const several = await complete({ ...request, numSuggestions: 4, suggestionMethod });
      expect(several.text).toBe(alone.text);
      expect(several.tokens).toEqual(alone.tokens);
      const { suggestions = [] } = several;
      expect(suggestions[0]).toMatchObject({ text: alone.text, source: "greedy" });
      const texts = suggestions.map(({ text }) => text);
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts.length).toBeLessThanOrEqual(4);
      for (const { text, logProb, source } of suggestions.slice(1)) {
        expect(source).toBe(suggestionMethod);
        expect(text.trim()).not.toBe("");
        expect(logProb).toBeLessThan(0);
      }
      numOthers += texts.length - 1;
      // What follows is what an engine says that never had others.
      const typed = { ...request, prefixText: request.prefixText + alone.text.slice(0, 2) };
      expect((await complete(typed)).text).toBe((await completeAlone(typed)).text);
    }
    expect(numOthers).toBeGreaterThan(0);
  });
});

describe("a request for several suggestions", () => {
  test("has none where the first has no text", async () => {
    const complete = await openPair();
    const prefixText = `${SHORT_REQUEST.prefixText}a + b`;
    const request = { ...SHORT_REQUEST, prefixText, suffixText: ";\n}\n" };
    const answer = await complete({ ...request, numSuggestions: 3 });
    expect(answer).toMatchObject({ text: "", rejection: "tooShort", suggestions: [] });
    expect(answer.droppedSuggestions).toEqual([]);
  });

  test.each([
    [{ numSuggestions: 0 }, "numSuggestions is 0, expected an integer from 1 to 8."],
    [{ numSuggestions: 9 }, "numSuggestions is 9, expected an integer from 1 to 8."],
    [{ numSuggestions: 1.5 }, "numSuggestions is 1.5, expected an integer from 1 to 8."],
    [{ suggestionMethod: "guess" }, 'suggestionMethod is "guess", expected one of branches'],
  ])("is refused with %j", async (wrong, message) => {
    const complete = await openPair();
    const request = { ...SHORT_REQUEST, ...wrong } as CompleteParams;
    await expect(complete(request)).rejects.toMatchObject({
      code: "invalidRequest",
      message: expect.stringContaining(message),
    });
  });
});

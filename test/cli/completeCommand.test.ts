import { expect, test } from "vitest";
import { fewerSuggestions } from "../../src/cli/complete/completeCommand.ts";
import type { CompletionResult } from "../../src/engine/protocol/completeMessages.ts";

const ONE = { text: "a", logProb: -1, source: "greedy" } as const;

function words(answer: Partial<CompletionResult>): string | undefined {
  return fewerSuggestions(answer as CompletionResult, 3);
}

test("why fewer suggestions come than were asked for is said, where there is one at all", () => {
  expect(words({})).toBeUndefined();
  expect(words({ suggestions: [], droppedSuggestions: [] })).toBeUndefined();
  expect(words({ suggestions: [ONE, ONE, ONE], droppedSuggestions: ["surplus"] })).toBeUndefined();
  expect(words({ suggestions: [ONE], droppedSuggestions: [] })).toBe(
    "1 of 3 suggestions; no other was found",
  );
  expect(
    words({ suggestions: [ONE, ONE], droppedSuggestions: ["unlikely", "empty", "unlikely"] }),
  ).toBe("2 of 3 suggestions; of the others tried: 1 without text, 2 unlikely");
});

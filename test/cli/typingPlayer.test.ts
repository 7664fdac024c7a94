import { describe, expect, test } from "vitest";
import type { TypingStep } from "../../src/bench/typingReplay.ts";
import { playScript } from "../../src/cli/typingPlayer.ts";
import type { CompletionQuery, CompletionSource } from "../../src/session/completionQuery.ts";
import { fakeResult } from "../fakes/fakeCompletionEngine.ts";
import { settle } from "../support/brokerHarness.ts";
import { FakeClock } from "../support/clock.ts";
import { NEVER } from "../support/never.ts";

/** Suggests `ok` everywhere, and notes what it is told. */
class NotingSource implements CompletionSource {
  readonly notes: string[] = [];

  async query({ prefixText, trigger }: CompletionQuery) {
    this.notes.push(`${trigger} ${prefixText}`);
    const result = Promise.resolve(fakeResult("ok"));
    const origin = "generated" as const;
    return {
      suggestion: {
        id: 7,
        others: [],
        text: "ok",
        origin,
        latencyMs: 1,
        isWhole: true,
        result,
      },
    };
  }

  prepare({ prefixText }: CompletionQuery): void {
    this.notes.push(`prepare ${prefixText}`);
  }

  accepted(suggestionId: number): void {
    this.notes.push(`accepted ${suggestionId}`);
  }

  forget(): void {}
}

const place = (prefixText: string, hiddenText: string) => ({
  path: "a.ts",
  line: 1,
  column: 1,
  prefixText,
  suffixText: "",
  hiddenText,
});
const step = (delayMs: number, more: Partial<TypingStep> = {}): TypingStep => ({
  action: "type",
  follows: "nothing",
  delayMs,
  ...more,
});

async function play(steps: readonly TypingStep[], signal: AbortSignal = NEVER) {
  const source = new NotingSource();
  const clock = new FakeClock();
  const script = { places: [place("<", "abc"), place("[", "x")], steps };
  const played = playScript(script, source, clock, signal);
  const settled = Promise.allSettled([played]);
  for (let ms = 0; ms < 2000; ms += 10) {
    clock.advance(10);
    await settle();
  }
  await settled;
  return { played, source };
}

describe("playScript", () => {
  test("asks at each key, and once more where the ghost text stays", async () => {
    const { played, source } = await play([step(100), step(100), step(300)]);
    expect(source.notes).toEqual([
      "prepare <",
      "automatic <a",
      "automatic <ab",
      "invoke <ab",
      "automatic <abc",
      "invoke <abc",
    ]);
    const { answers, shown } = await played;
    expect(answers.map(({ call }) => call)).toEqual(["key", "key", "second", "key", "second"]);
    expect(answers.every(({ isSuggestion }) => isSuggestion)).toBe(true);
    expect(shown.size).toBe(5);
  });

  test("tells of acceptances before it asks, and of jumps without asking", async () => {
    const { played, source } = await play([
      step(100),
      step(100, { follows: "all" }),
      step(100, { action: "jump" }),
    ]);
    expect(source.notes).toEqual([
      "prepare <",
      "automatic <a",
      "accepted 7",
      "automatic <aok",
      "prepare [",
    ]);
    expect((await played).numAcceptedSuggestions).toBe(1);
  });

  test("stops with the signal", async () => {
    const controller = new AbortController();
    controller.abort();
    const { played } = await play([step(100)], controller.signal);
    await expect(played).rejects.toMatchObject({ name: "AbortError" });
  });
});

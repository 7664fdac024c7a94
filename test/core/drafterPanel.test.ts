import { describe, expect, test } from "vitest";
import { UNLIMITED_POLICY } from "../../src/core/budget/draftPolicy.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { CLOCK, contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { treeOf } from "../support/trees.ts";

const VOCAB_SIZE = 7;

/** A draft model's place, with a journal. */
function journaling(journal: string[]): Drafter {
  return {
    source: "draftModel",
    async begin() {
      journal.push("begin");
    },
    async draft(rootToken) {
      journal.push("draft");
      return treeOf(rootToken, []);
    },
    learn() {
      journal.push("learn");
    },
  };
}

describe("DrafterPanel", () => {
  test("an aborted start is booked as what it took", async () => {
    const target = new FakeTarget({
      vocabSize: VOCAB_SIZE,
      logitsOf: hashedLogits(VOCAB_SIZE, 1, 5),
    });
    const abort = new AbortController();
    let nowMs = 0;
    const slow: Drafter = {
      ...journaling([]),
      async begin() {
        nowMs += 50;
        abort.abort();
        abort.signal.throwIfAborted();
      },
    };
    const booked: number[] = [];
    const decoding = speculativeDecode(
      {
        target,
        drafters: [slow],
        context: contextOf([1, 2, 3]),
        limits: { maxTokens: 20, isEndToken: () => false },
        maxDraftNodes: 12,
        policy: { ...UNLIMITED_POLICY, spent: (ms) => booked.push(ms) },
        observer: { now: () => nowMs },
      },
      abort.signal,
    );
    await expect(decoding).rejects.toMatchObject({ name: "AbortError" });
    expect(booked).toEqual([50]);
  });

  test("where all sit out nobody drafts, and only who learns at next to no cost goes on learning", async () => {
    const store = new RecyclingStore(VOCAB_SIZE);
    const journal: string[] = [];
    const { stats, tokens } = await speculativeDecode(
      {
        target: new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: hashedLogits(VOCAB_SIZE, 1, 5) }),
        drafters: [new RecyclingDrafter(store), journaling(journal)],
        context: contextOf([1, 2, 3, 4, 5, 6, 0, 1, 2]),
        limits: { maxTokens: 20, isEndToken: () => false },
        maxDraftNodes: 12,
        policy: { ...UNLIMITED_POLICY, started: () => false },
        observer: CLOCK,
      },
      NEVER,
    );
    expect(stats.numSteps).toBe(tokens.length);
    expect(stats.bySource.recycling.numProposed).toBe(0);
    expect(store.ngrams.size).toBeGreaterThan(10);
    expect(journal).toEqual([]);
  });
});

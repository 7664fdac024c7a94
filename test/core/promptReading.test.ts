import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DraftPolicy, UNLIMITED_POLICY } from "../../src/core/budget/draftPolicy.ts";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { type DecodeObserver, speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import {
  DEFAULT_DRAFT_MODEL,
  DraftModelDrafter,
} from "../../src/core/drafters/draftModelDrafter.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import { endOfPart, READ_STEP, ReadingPace } from "../../src/core/tree/promptReading.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const VOCAB_SIZE = 12;
/** Longer than what a draft takes along, and no multiple of a part. */
const PROMPT = Array.from({ length: 150 }, (_, index) => (index * index + 3) % VOCAB_SIZE);
const DRAFT_PROMPT = PROMPT.slice(30);

/** A target and a draft model that says the same, with a journal of what both did. */
class Pair {
  readonly journal: string[] = [];
  readonly target = this.#model("target", 0);
  readonly draft: FakeTarget;
  now = 0;

  /** @param tokenMs - what the draft model takes for a token of its prompt. */
  constructor(tokenMs = 1, seed = 1) {
    this.draft = this.#model("draft", tokenMs, seed);
  }

  decode(options: {
    policy?: DraftPolicy;
    signal?: AbortSignal;
    now?: () => number;
    onTokens?: DecodeObserver["onTokens"];
    prompt?: readonly number[];
    maxTokens?: number;
  }) {
    const { prompt = PROMPT, now = () => this.now, onTokens = () => {} } = options;
    return speculativeDecode(
      {
        target: this.target,
        drafters: [new DraftModelDrafter(this.draft, { ...DEFAULT_DRAFT_MODEL, now })],
        context: { ...contextOf(prompt), draftPromptTokens: Int32Array.from(prompt.slice(30)) },
        limits: { maxTokens: options.maxTokens ?? 24, isEndToken: () => false },
        maxDraftNodes: 8,
        ...(options.policy && { policy: options.policy }),
        observer: { now, onTokens },
      },
      options.signal ?? NEVER,
    );
  }

  #model(name: string, tokenMs: number, seed = 1): FakeTarget {
    const model = new FakeTarget({
      vocabSize: VOCAB_SIZE,
      logitsOf: hashedLogits(VOCAB_SIZE, 2, seed),
    });
    const { prefill, evaluateTree } = model;
    model.prefill = async (tokens, signal) => {
      const numNew = tokens.length - model.numHeld(tokens);
      const numReused = await prefill.call(model, tokens, signal);
      this.now += numNew * tokenMs;
      if (numNew > 0) this.journal.push(`${name} reads ${numNew}`);
      return numReused;
    };
    model.evaluateTree = (tree, signal) => {
      this.now += name === "target" ? 10 : 1;
      this.journal.push(`${name} pass`);
      return evaluateTree.call(model, tree, signal);
    };
    return model;
  }
}

/** Passes of a few rows take as long as one: drafts pay. */
function flatPolicy(): MeasuredPolicy {
  const points = [1, 16].map((numRows) => ({ numRows, ms: 10 }));
  const maxLoss = { share: 0.03, ms: 4000 };
  return new MeasuredPolicy(new PassCostTable(points, 64), { maxLoss });
}

async function plainOutput(prompt: readonly number[], maxTokens = 24): Promise<number[]> {
  const model = new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: hashedLogits(VOCAB_SIZE, 2) });
  const limits = { maxTokens, isEndToken: () => false };
  const observer = { now: () => 0 };
  const tokens = Int32Array.from(prompt);
  return [...(await greedyDecode(model, tokens, limits, observer, NEVER)).tokens];
}

describe("a draft model's prompt", () => {
  test.each([
    ["without a policy", () => UNLIMITED_POLICY],
    ["by measured cost", flatPolicy],
  ])(
    "%s: the first token is out before the draft model makes a pass, also at a place it knows",
    async (_, policyOf) => {
      const pair = new Pair();
      const policy = policyOf();
      for (let request = 0; request < 3; request++) {
        let beforeFirst: readonly string[] | undefined;
        pair.journal.length = 0;
        const { stats } = await pair.decode({
          policy,
          onTokens: () => {
            beforeFirst ??= [...pair.journal];
          },
        });
        expect(beforeFirst?.filter((what) => what.startsWith("draft"))).toEqual([]);
        expect(beforeFirst?.at(-1)).toBe("target pass");
        // It drafts all the same.
        expect(stats.bySource.draftModel.numProposed).toBeGreaterThan(0);
      }
    },
  );

  test("is read a part at a time, each behind a token, and then it drafts", async () => {
    // A step of a part takes 96 of the 100 ms.
    const pair = new Pair(3);
    const journal = pair.journal;
    const { stats } = await pair.decode({ policy: flatPolicy(), maxTokens: 64 });
    const reads = journal.filter((what) => what.startsWith("draft reads"));
    expect(reads.length).toBeGreaterThanOrEqual(Math.floor(DRAFT_PROMPT.length / READ_STEP));
    for (const [index, what] of journal.entries()) {
      if (!what.startsWith("draft reads")) continue;
      expect(Number(what.split(" ").at(-1))).toBeLessThanOrEqual(READ_STEP);
      expect(journal[index - 1]).toBe("target pass");
    }
    expect(journal.indexOf("draft pass")).toBeGreaterThan(journal.lastIndexOf(reads.at(-1)!));
    expect(stats.timings.readMs).toBeGreaterThan(0);
    expect(stats.timings.beginMs).toBe(0);
    expect(stats.bySource.draftModel.numAccepted).toBeGreaterThan(10);
  });

  test("is kept: where the text goes on, next to nothing is read again", async () => {
    const pair = new Pair();
    const policy = flatPolicy();
    const { tokens } = await pair.decode({ policy });
    pair.journal.length = 0;
    const { stats } = await pair.decode({ policy, prompt: [...PROMPT, ...tokens.slice(0, 5)] });
    expect(pair.journal.filter((what) => what.startsWith("draft reads"))).toEqual([]);
    expect(stats.timings.readMs).toBe(0);
    // From the second step on, or behind a probe of plain decoding.
    expect(pair.journal.slice(0, 6)).toContain("draft pass");
  });

  test("whatever the clock says, the output is greedy decoding's", async () => {
    const plain = await plainOutput(PROMPT);
    const steps = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), fc.nat(2), async (advances, hasPolicy, seed) => {
        let now = 0;
        let numLooks = 0;
        const clock = () => {
          now += advances[numLooks++ % advances.length]!;
          return now;
        };
        const pair = new Pair(1, seed + 1);
        const policy = hasPolicy ? flatPolicy() : UNLIMITED_POLICY;
        for (let request = 0; request < 3; request++) {
          const { tokens } = await pair.decode({ policy, now: clock });
          expect([...tokens]).toEqual(plain);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a cancel at any look at the signal leaves both caches right, in the middle of a part, too", async () => {
    const plain = await plainOutput(PROMPT);
    const history = [...PROMPT, ...plain];
    const pair = new Pair(3);
    let numInRead = 0;
    for (let n = 1; ; n++) {
      const { signal, wasReached } = countdownSignal(n);
      // From an empty cache, so that each abort meets a whole reading.
      await pair.draft.prefill(new Int32Array(0), NEVER);
      const outcome = await pair.decode({ signal }).catch((error: unknown) => error);
      const { rows } = pair.target;
      expect(rows).toEqual(history.slice(0, rows.length));
      if (!wasReached()) break;
      expect(outcome).toHaveProperty("name", "AbortError");
      const numRead = pair.draft.rows.length;
      if (numRead > 0 && numRead < DRAFT_PROMPT.length) numInRead++;
      const known = history.slice(30);
      const numHeld = pair.draft.numHeld(Int32Array.from(known));
      // Beyond the history there is at most a path that was looked at.
      expect(numRead - numHeld).toBeLessThanOrEqual(DEFAULT_DRAFT_MODEL.maxTokens);
      const { tokens } = await pair.decode({});
      expect([...tokens]).toEqual(plain);
    }
    expect(numInRead).toBeGreaterThan(10);
  });

  test("a reader that fails or lies costs drafts, never output", async () => {
    const plain = await plainOutput(PROMPT);
    const failing = [
      () => Promise.reject(new Error("no more")),
      () => Promise.reject(new DOMException("nobody aborted", "AbortError")),
      // Says that it has read, and has not.
      async () => {},
    ];
    for (const read of failing) {
      const pair = new Pair();
      const failures: string[] = [];
      const drafter = new DraftModelDrafter(pair.draft);
      const hostile: Drafter = {
        source: drafter.source,
        reader: { numUnread: 50, read },
        begin: drafter.begin.bind(drafter),
        draft: drafter.draft.bind(drafter),
        learn: drafter.learn.bind(drafter),
      };
      const { tokens } = await speculativeDecode(
        {
          target: pair.target,
          drafters: [hostile],
          context: contextOf(PROMPT),
          limits: { maxTokens: 24, isEndToken: () => false },
          maxDraftNodes: 8,
          policy: flatPolicy(),
          observer: {
            now: () => pair.now,
            onDrafterFailure: (_, reason) => failures.push(reason),
          },
        },
        NEVER,
      );
      expect([...tokens]).toEqual(plain);
      expect(failures.length).toBe(read === failing[2] ? 0 : 1);
    }
  });
});

describe("what is read of a prompt", () => {
  test("a part ends at a multiple of its step, never behind the end, and always brings something", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.nat(500), (numRead, numTokens, numLeft) => {
        const length = numRead + numLeft + 1;
        const end = endOfPart(numRead, numTokens, length);
        expect(end).toBeGreaterThan(numRead);
        expect(end).toBeLessThanOrEqual(length);
        expect(end - numRead).toBeLessThanOrEqual(Math.max(1, numTokens));
        const isEven = end % READ_STEP === 0 || end === length || end === numRead + 1;
        expect(isEven).toBe(true);
      }),
    );
  });

  test("a part takes 100 ms, or one step where that takes longer", () => {
    const partAt = (tokenMs: number) => {
      const pace = new ReadingPace();
      pace.record(10, 10 * tokenMs);
      return pace.partTokens;
    };
    expect([0.1, 1, 3, 40].map(partAt)).toEqual([992, 96, 32, 32]);
    expect(new ReadingPace().partTokens).toBe(READ_STEP);
  });

  test("is not read where the output ends before, nor where drafts bring less", async () => {
    const numReads = async (tokenMs: number, maxTokens: number, policy = flatPolicy()) => {
      const pair = new Pair(tokenMs);
      await pair.decode({ policy, maxTokens });
      return pair.journal.filter((what) => what.startsWith("draft reads")).length;
    };
    // Four parts, behind the first token.
    expect(await numReads(3, 4)).toBe(0);
    expect(await numReads(3, 24)).toBe(4);
    // Drafts have proved to save some 8 ms a token; at most 24 are to come.
    const policy = flatPolicy();
    expect(await numReads(0.5, 200, policy)).toBeGreaterThan(0);
    // Parts tell that it takes longer now, ...
    for (let request = 0; request < 3; request++) await numReads(30, 24, policy);
    expect(await numReads(30, 24, policy)).toBe(0);
    // ... and are read again some day: what was found out is less and less known.
    let numGenerations = 0;
    while ((await numReads(1, 24, policy)) === 0) numGenerations++;
    expect(numGenerations).toBeGreaterThan(10);
    expect(numGenerations).toBeLessThan(500);
  });
});

/** The target over sets of cells, alone and with prompts of other places parked beside its own. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { commonPrefixLength } from "../../src/core/base/tokens.ts";
import { type DraftTree, ROOT, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { LlamaTarget } from "../../src/llama/target/llamaTarget.ts";
import { MAX_PARKED_PROMPTS } from "../../src/llama/target/parkedPrompts.ts";
import { FakeContext } from "../fakes/fakeContext.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { describeBranchContract } from "../support/branchContract.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { expectHeldCells } from "../support/heldCells.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { withParkedPrompts } from "../support/parkingTarget.ts";
import { describeTargetContract } from "../support/targetContract.ts";
import { arbitraryTree, pathTokens } from "../support/trees.ts";

const VOCAB_SIZE = 61;
/** A wrong token anywhere in the past changes the logits. */
const logitsOf = hashedLogits(VOCAB_SIZE, 1000);

function openFake(size: number, parks = true) {
  const context = new FakeContext({ vocabSize: VOCAB_SIZE, size, logitsOf, parks });
  return { context, target: new LlamaTarget(context) };
}

for (const hasParked of [false, true]) {
  const options = {
    name: `LlamaTarget ${hasParked ? "with parked prompts" : "over sets of cells"}`,
    isSlow: false,
    tolerance: 0,
    toleranceAfterCommit: 0,
    prompt: Int32Array.from({ length: 32 }, (_, index) => (index * 7) % 29),
    async open() {
      const { context, target } = openFake(256);
      const others = Int32Array.from({ length: 31 }, (_, index) => 30 + index);
      return {
        target: hasParked ? withParkedPrompts(target, others) : target,
        checkCache() {
          expectHeldCells(target);
          expect(context.memory.cells).toHaveLength(target.kvLength);
        },
        [Symbol.dispose]: () => target[Symbol.dispose](),
      };
    },
  };
  describeTargetContract(options);
  describeBranchContract(options);
}

/** Texts that begin alike, in part, as files with one header do. */
function textOf(place: number): Int32Array {
  const header = Int32Array.from({ length: 40 }, (_, at) => (at * 5) % VOCAB_SIZE);
  const own = Int32Array.from(
    { length: 200 },
    (_, at) => (at * (3 + 2 * place) + (at * at) / 2 + place) % VOCAB_SIZE,
  );
  return place < 3 ? Int32Array.of(...header, ...own) : own;
}

type Action =
  | {
      readonly kind: "turn";
      readonly place: number;
      readonly length: number;
      readonly typed: readonly number[];
      readonly abortAt: number | undefined;
    }
  | {
      readonly kind: "step";
      readonly tree: DraftTree;
      readonly choice: number;
      readonly abortAt: number | undefined;
    }
  | { readonly kind: "branch"; readonly shares: readonly number[]; readonly tree: DraftTree }
  | { readonly kind: "empty" };

const abortAt = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("turn" as const),
      place: fc.nat(4),
      length: fc.integer({ min: 1, max: 200 }),
      typed: fc.array(fc.nat(VOCAB_SIZE - 1), { maxLength: 3 }),
      abortAt,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("step" as const),
      tree: arbitraryTree(VOCAB_SIZE, 12),
      choice: fc.nat(),
      abortAt,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("branch" as const),
      shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
      tree: arbitraryTree(VOCAB_SIZE, 4),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "empty" as const }) },
);

/** Runs to an AbortError at the n-th look at the signal, or to the end. */
async function upTo(n: number | undefined, work: (signal: AbortSignal) => Promise<unknown>) {
  if (n === undefined) return work(NEVER);
  try {
    return await work(countdownSignal(n).signal);
  } catch (error) {
    expect(error).toHaveProperty("name", "AbortError");
    return undefined;
  }
}

/** The target's logits after its tokens and one more are those of this history. */
async function expectNext(target: LlamaTarget, committed: readonly number[]): Promise<void> {
  if (committed.length === target.contextSize) return;
  const logits = await target.evaluateTree(rootOnlyTree(7), NEVER);
  const expected = logitsOf([...committed, 7]);
  for (const token of [0, 20, 40]) expect(logits.logit(ROOT, token)).toBe(expected[token]);
  target.rewind();
}

test("through any turns, steps, branches and aborts the target is as one that parks nothing", async () => {
  let numReturns = 0;
  const property = fc.asyncProperty(
    fc.array(action, { minLength: 1, maxLength: 25 }),
    fc.constantFrom(256, 400, 800),
    async (actions, size) => {
      const { context, target } = openFake(size);
      let committed: number[] = [];
      for (const next of actions) {
        if (next.kind === "empty") {
          await target.prefill(new Int32Array(0), NEVER);
          committed = [];
          expect(context.memory.cells).toEqual([]);
        } else if (next.kind === "turn") {
          const text = textOf(next.place).subarray(0, next.length);
          const tokens = Int32Array.of(...text, ...next.typed);
          const numKept = commonPrefixLength(Int32Array.from(committed), tokens);
          const numRows = context.numRows;
          const numReused = await upTo(next.abortAt, (signal) => target.prefill(tokens, signal));
          if (numReused !== undefined) {
            expect(target.kvLength).toBe(tokens.length);
            expect(numReused).toBeGreaterThanOrEqual(numKept);
            expect(context.numRows - numRows).toBe(tokens.length - (numReused as number));
            if ((numReused as number) > numKept) numReturns++;
          }
          // An abort at the first look comes before anything is done.
          if (numReused !== undefined || next.abortAt !== 1) {
            committed = [...tokens.subarray(0, target.kvLength)];
          }
        } else if (next.kind === "step") {
          const { tree } = next;
          if (committed.length + tree.size > size || layOutTree(tree).numBranches > 16) continue;
          const logits = await upTo(next.abortAt, (signal) => target.evaluateTree(tree, signal));
          if (logits !== undefined) {
            const last = next.choice % tree.size;
            const nodes: number[] = [];
            for (let node = last; node > 0; node = tree.parents[node]!) nodes.unshift(node);
            target.commit({ nodes: Int32Array.from(nodes), bonusToken: 0 });
            committed.push(tree.tokens[ROOT]!, ...pathTokens(tree, last));
          }
        } else {
          const lengths = next.shares.map((share) => Math.floor(share * committed.length));
          using branches = target.openBranches(Int32Array.from(lengths));
          const histories = lengths.map((length) => committed.slice(0, length));
          const { tree } = next;
          const isWide = layOutTree(tree).numBranches > branches.maxLeaves;
          while (!isWide && branches.numFree >= tree.size * lengths.length) {
            const all = await branches.evaluateTrees(
              lengths.map(() => tree),
              NEVER,
            );
            all.forEach((logits, index) => {
              const path = [...histories[index]!, tree.tokens[ROOT]!];
              expect(logits!.logit(ROOT, 5)).toBe(logitsOf(path)[5]);
              histories[index] = path;
            });
            branches.commit(lengths.map(() => ({ nodes: new Int32Array(0), bonusToken: 0 })));
            if (histories[0]!.length > lengths[0]! + 40) break;
          }
        }
        expect(target.kvLength).toBe(committed.length);
        expectHeldCells(target);
        await expectNext(target, committed);
      }
    },
  );
  await fc.assert(property, { numRuns: NUM_RUNS });
  expect(numReturns, "prompts that found more than the trunk had").toBeGreaterThan(0);
});

describe("a cursor that jumps", () => {
  const promptOf = (place: number, length = 150) => textOf(place).subarray(0, length);

  test("finds the prompts of the last places, whatever was generated behind them", async () => {
    const { context, target } = openFake(400);
    for (const place of [0, 1, 3, 4]) {
      await target.prefill(promptOf(place), NEVER);
      await target.evaluateTree(rootOnlyTree(3), NEVER);
      target.commit({ nodes: new Int32Array(0), bonusToken: 0 });
    }
    for (const place of [0, 4, 1, 3, 3, 1, 0]) {
      context.numRows = 0;
      expect(await target.prefill(promptOf(place), NEVER)).toBe(150);
      expect(context.numRows).toBe(0);
      await expectNext(target, [...promptOf(place)]);
      expect(target.parkedLengths).toHaveLength(MAX_PARKED_PROMPTS);
      expect(context.memory.cells).toHaveLength(150);
    }
    // A fifth takes the room of the one that was left first, and has the header of the trunk.
    expect(await target.prefill(promptOf(2), NEVER)).toBe(40);
    expect(await target.prefill(promptOf(1), NEVER)).toBe(150);
    expect(await target.prefill(promptOf(4), NEVER)).toBe(0);
  });

  test("parks nothing while somebody types, or goes back and forth behind one prompt", async () => {
    const { context, target } = openFake(800);
    const text = textOf(0);
    const suffix = promptOf(3, 120);
    for (let length = 30; length < 110; length++) {
      await target.prefill(Int32Array.of(...text.subarray(0, length), 60, ...suffix), NEVER);
      for (let token = 0; token < 70; token++) {
        await target.evaluateTree(rootOnlyTree((token * token) % VOCAB_SIZE), NEVER);
        target.commit({ nodes: new Int32Array(0), bonusToken: 0 });
      }
      expect(target.parkedLengths).toEqual([]);
    }
    expect(context.numCopies).toBe(0);
  });

  test("what was parked outlives a part that is stopped, a failed pass and a cleared cache", async () => {
    let clock = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
    let numFailed = 0;
    for (let stopAt = 1; stopAt <= 10; stopAt++) {
      const { context, target } = openFake(400);
      await target.prefill(promptOf(1), NEVER);
      let numPasses = 0;
      const controller = new AbortController();
      context.onPass = (numRows) => {
        if (++numPasses === stopAt && stopAt % 2 === 0) controller.abort();
        else if (numPasses === stopAt) throw new Error("failed");
        // Too slow to be waited for.
        clock += 1000 * numRows;
      };
      const [outcome] = await Promise.allSettled([target.prefill(promptOf(3), controller.signal)]);
      context.onPass = undefined;
      if (outcome?.status === "rejected") numFailed++;
      expect(target.parkedLengths).toEqual([150]);
      expect(await target.prefill(promptOf(1), NEVER)).toBe(150);
      await expectNext(target, [...promptOf(1)]);
      expectHeldCells(target);
    }
    now.mockRestore();
    expect(numFailed).toBeGreaterThan(5);
  });

  test("goes on where cells cannot be copied, dropped or taken back", async () => {
    const faults = ["none", "numBytes", "read", "write", "seqRemove"] as const;
    for (const fault of faults) {
      const { context, target } = openFake(400, fault !== "none");
      const states = context.trunkStates;
      await target.prefill(promptOf(1), NEVER);
      if (fault === "numBytes") Object.defineProperty(states, "numBytes", { value: 2 ** 31 });
      if (fault === "read") Object.assign(states!, { read: () => false });
      await target.prefill(promptOf(3), NEVER);
      if (fault === "write") Object.assign(states!, { write: () => false });
      const { memory } = context;
      const seqRemove = memory.seqRemove.bind(memory);
      if (fault === "seqRemove") memory.seqRemove = () => false;
      expect(await target.prefill(promptOf(1), NEVER)).toBe(0);
      memory.seqRemove = seqRemove;
      expectHeldCells(target);
      await expectNext(target, [...promptOf(1)]);
    }
  });
});

/** What every target with branches must do, fake or real: one suite for both. */
import { describe, expect, test } from "vitest";
import type { BranchedTarget } from "../../src/core/tree/branchedTarget.ts";
import { type DraftTree, ROOT, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import type { TreeLogits } from "../../src/core/tree/targetModel.ts";
import { countdownSignal } from "./countdownSignal.ts";
import { NEVER } from "./never.ts";
import type { ContractOptions, Subject } from "./targetContract.ts";
import { pathTokens, treeOf } from "./trees.ts";

export interface BranchSubject extends Subject {
  readonly target: BranchedTarget & Disposable;
}

export type BranchContractOptions = Omit<ContractOptions, "open" | "toleranceAfterCommit"> & {
  readonly open: () => Promise<BranchSubject>;
};

const NUM_SAMPLES = 61;

export function describeBranchContract(options: BranchContractOptions): void {
  const { prompt, tolerance } = options;
  const trunk = prompt.subarray(0, 12);
  const t = (index: number) => prompt[index]!;
  const fork = (root: number, at: number) =>
    treeOf(root, [
      [0, t(at)],
      [0, t(at + 1)],
      [1, t(at + 2)],
    ]);
  const nothing = (bonusToken: number) => ({ nodes: new Int32Array(0), bonusToken });

  describe(`${options.name} as a BranchedTarget`, () => {
    const withSubject = (work: (subject: BranchSubject) => Promise<void>) => async () => {
      using subject = await options.open();
      await work(subject);
    };
    const oneByOne = async (target: BranchedTarget, history: readonly number[]) => {
      await target.prefill(new Int32Array(0), NEVER);
      await target.prefill(Int32Array.from(history.slice(0, -1)), NEVER);
      const row = samplesOf(
        await target.evaluateTree(rootOnlyTree(history.at(-1)!), NEVER),
        ROOT,
        target,
      );
      target.rewind();
      return row;
    };

    test(
      "branches of different lengths see their own past and nothing else, pass after pass",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(trunk, NEVER);
        const prefixLengths = Int32Array.of(12, 7, 9);
        const histories = Array.from(prefixLengths, (length) => [...trunk.subarray(0, length)]);
        const expected: { row: number[]; history: number[] }[] = [];
        const branches = target.openBranches(prefixLengths);
        for (let pass = 0; pass < 4; pass++) {
          // The second branch sits out one pass; the others accept one node, two, none.
          const trees = histories.map((_, branch) =>
            pass === 2 && branch === 1 ? undefined : fork(t(13 + pass + branch), 16 + pass),
          );
          const logits = await branches.evaluateTrees(trees, NEVER);
          const paths = trees.map((tree, branch) => {
            if (tree === undefined) return undefined;
            for (let node = 0; node < tree.size; node++) {
              const path = [...histories[branch]!, tree.tokens[ROOT]!, ...pathTokens(tree, node)];
              expected.push({ row: samplesOf(logits[branch]!, node, target), history: path });
            }
            const nodes = [[2], [1, 3], []][(pass + branch) % 3]!;
            histories[branch]!.push(tree.tokens[ROOT]!, ...nodes.map((node) => tree.tokens[node]!));
            return { nodes: Int32Array.from(nodes), bonusToken: 0 };
          });
          branches.commit(paths);
          expect(Array.from(branches.lengths)).toEqual(histories.map(({ length }) => length));
        }
        expect(target.kvLength).toBe(12);
        branches[Symbol.dispose]();
        checkCache();
        for (const { row, history } of expected) {
          expectClose(row, await oneByOne(target, history), tolerance);
        }
      }),
    );

    test(
      "embedding rows give the logits of their tokens",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(trunk, NEVER);
        const trees = [fork(t(13), 15), rootOnlyTree(t(14))];
        const tokens = trees.flatMap((tree) => [...tree.tokens]);
        using branches = target.openBranches(Int32Array.of(12, 5));
        const byToken = allRows(trees, await branches.evaluateTrees(trees, NEVER), target);
        const rows = target.embeddingRows(Int32Array.from(tokens));
        const byEmbedding = allRows(
          trees,
          await branches.evaluateEmbeddings(trees, rows, NEVER),
          target,
        );
        byEmbedding.forEach((row, index) => {
          expectClose(row, byToken[index]!, tolerance);
        });
        branches[Symbol.dispose]();
        checkCache();
      }),
    );

    test(
      "closing drops the branches: the trunk goes on as if they had never been",
      withSubject(async ({ target, checkCache }) => {
        const history = [...trunk, t(12)];
        const expected = await oneByOne(target, history);
        await target.prefill(trunk, NEVER);
        for (let round = 0; round < 3; round++) {
          const branches = target.openBranches(Int32Array.of(12, 3 + round));
          const trees = [fork(t(13), 15), fork(t(14), 16)];
          await branches.evaluateTrees(trees, NEVER);
          branches.commit([nothing(0), undefined]);
          // The last pass of one round is neither committed nor dropped.
          if (round === 1) await branches.evaluateTrees(trees, NEVER);
          branches[Symbol.dispose]();
          branches[Symbol.dispose]();
          expect(target.kvLength).toBe(12);
          checkCache();
          const logits = await target.evaluateTree(rootOnlyTree(t(12)), NEVER);
          expectClose(samplesOf(logits, ROOT, target), expected, tolerance);
          target.rewind();
        }
        // Trees of the trunk after branches, and branches after such trees, whose ids hold more than is shared.
        const tree = fork(t(12), 14);
        await target.evaluateTree(tree, NEVER);
        target.commit({ nodes: Int32Array.of(2), bonusToken: 0 });
        checkCache();
        const branches = target.openBranches(Int32Array.of(4, 4));
        const logits = await branches.evaluateTrees([fork(t(4), 6), fork(t(5), 7)], NEVER);
        const rows = logits.map((view) => samplesOf(view!, 3, target));
        branches[Symbol.dispose]();
        checkCache();
        for (const [branch, row] of rows.entries()) {
          const path = [...trunk.subarray(0, 4), t(4 + branch), t(6 + branch), t(8 + branch)];
          expectClose(row, await oneByOne(target, path), tolerance);
        }
      }),
    );

    test(
      "an abort at any look at the signal leaves trunk and branches as they were",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(trunk, NEVER);
        const expected = await oneByOne(target, [...trunk, t(12)]);
        let numAborts = 0;
        for (let n = 1; ; n++) {
          await target.prefill(trunk, NEVER);
          const { signal, wasReached } = countdownSignal(n);
          const branches = target.openBranches(Int32Array.of(12, 6));
          let numPasses = 0;
          try {
            for (; numPasses < 3; numPasses++) {
              await branches.evaluateTrees([fork(t(13), 15), rootOnlyTree(t(14))], signal);
              branches.commit([nothing(0), nothing(0)]);
            }
          } catch (error) {
            expect(error).toHaveProperty("name", "AbortError");
          }
          expect(Array.from(branches.lengths)).toEqual([12 + numPasses, 6 + numPasses]);
          const isDone = !wasReached();
          // They can go on after an abort.
          await branches.evaluateTrees([rootOnlyTree(t(13)), undefined], NEVER);
          branches[Symbol.dispose]();
          checkCache();
          expect(target.kvLength).toBe(12);
          const logits = await target.evaluateTree(rootOnlyTree(t(12)), NEVER);
          expectClose(samplesOf(logits, ROOT, target), expected, tolerance);
          target.rewind();
          if (isDone) break;
          numAborts++;
        }
        expect(numAborts).toBeGreaterThanOrEqual(3);
      }),
    );

    test(
      "misuse throws and changes nothing",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(trunk, NEVER);
        expect(() => target.openBranches(Int32Array.of(13))).toThrow(RangeError);
        expect(() => target.openBranches(new Int32Array(target.maxOpenBranches + 1))).toThrow(
          RangeError,
        );
        const branches = target.openBranches(Int32Array.of(12, 6));
        expect(() => target.openBranches(Int32Array.of(1))).toThrow(RangeError);
        await expect(target.prefill(trunk, NEVER)).rejects.toThrow(RangeError);
        await expect(target.evaluateTree(rootOnlyTree(1), NEVER)).rejects.toThrow(RangeError);
        expect(() => target.commit(nothing(0))).toThrow(RangeError);
        expect(() => branches.commit([nothing(0), undefined])).toThrow(RangeError);
        const pass = (trees: (DraftTree | undefined)[]) => branches.evaluateTrees(trees, NEVER);
        await expect(pass([rootOnlyTree(1)])).rejects.toThrow(RangeError);
        const tooShort = new Float32Array(3);
        const byRows = branches.evaluateEmbeddings([rootOnlyTree(1), undefined], tooShort, NEVER);
        await expect(byRows).rejects.toThrow(RangeError);
        await expect(pass([undefined, undefined])).rejects.toThrow(RangeError);
        const tooWide = treeOf(
          1,
          Array.from({ length: branches.maxLeaves + 1 }, (_, index) => [0, index]),
        );
        await expect(pass([tooWide, undefined])).rejects.toThrow(RangeError);
        const chain = treeOf(
          1,
          Array.from({ length: branches.maxNodes - 1 }, (_, index) => [index, 1]),
        );
        await expect(pass([chain, rootOnlyTree(1)])).rejects.toThrow(RangeError);
        await pass([fork(t(13), 15), undefined]);
        const wrong = { nodes: Int32Array.of(3), bonusToken: 0 };
        expect(() => branches.commit([wrong, undefined])).toThrow(RangeError);
        branches.commit([nothing(0), undefined]);
        branches[Symbol.dispose]();
        await expect(pass([rootOnlyTree(1), undefined])).rejects.toThrow(RangeError);
        expect(target.kvLength).toBe(12);
        checkCache();
      }),
    );

    test(
      "the context's room is shared, and a pass beyond it is refused",
      withSubject(async ({ target, checkCache }) => {
        const numTokens = target.contextSize - 6;
        const full = Int32Array.from({ length: numTokens }, (_, index) => t(index % prompt.length));
        await target.prefill(full, NEVER);
        const branches = target.openBranches(Int32Array.of(numTokens, 2));
        expect(branches.numFree).toBe(6);
        await branches.evaluateTrees([fork(t(1), 3), rootOnlyTree(t(2))], NEVER);
        branches.commit([{ nodes: Int32Array.of(1), bonusToken: 0 }, nothing(0)]);
        expect(branches.numFree).toBe(3);
        const refused = branches.evaluateTrees([fork(t(1), 3), undefined], NEVER);
        await expect(refused).rejects.toHaveProperty("code", "contextFull");
        await branches.evaluateTrees([rootOnlyTree(t(1)), rootOnlyTree(t(2))], NEVER);
        branches.commit([nothing(0), nothing(0)]);
        branches[Symbol.dispose]();
        expect(target.kvLength).toBe(numTokens);
        checkCache();
      }),
    );

    test("branches outlive a disposed target without touching it", async () => {
      const subject = await options.open();
      await subject.target.prefill(trunk, NEVER);
      const branches = subject.target.openBranches(Int32Array.of(3));
      await branches.evaluateTrees([rootOnlyTree(t(3))], NEVER);
      subject[Symbol.dispose]();
      branches[Symbol.dispose]();
    });
  });
}

function samplesOf(logits: TreeLogits, node: number, { vocabSize }: BranchedTarget): number[] {
  const step = Math.max(1, Math.floor(vocabSize / NUM_SAMPLES));
  const values: number[] = [];
  for (let token = 0; token < vocabSize; token += step) values.push(logits.logit(node, token));
  return [...values, ...logits.topK(node, 1).logits];
}

function allRows(
  trees: readonly DraftTree[],
  logits: readonly (TreeLogits | undefined)[],
  target: BranchedTarget,
): number[][] {
  return trees.flatMap((tree, branch) =>
    Array.from({ length: tree.size }, (_, node) => samplesOf(logits[branch]!, node, target)),
  );
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number) {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0);
  expect(worst, "largest difference of a logit").toBeLessThanOrEqual(tolerance);
}

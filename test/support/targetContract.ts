/** What every target must do, fake or real: one suite for both. */
import { describe, expect, test } from "vitest";
import { EngineError } from "../../src/core/base/errors.ts";
import { type DraftTree, ROOT, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../src/core/tree/targetModel.ts";
import { verifyGreedy } from "../../src/core/tree/verifyGreedy.ts";
import { countdownSignal } from "./countdownSignal.ts";
import { NEVER } from "./never.ts";
import { pathTokens, treeOf } from "./trees.ts";

/** A target under test. */
export interface Subject {
  readonly target: TargetModel & Disposable;
  /** Throws if the cache's own bookkeeping is not in step, e.g. last positions per sequence id. */
  readonly checkCache: () => void;
  readonly [Symbol.dispose]: () => void;
}

/** How exact a target is. */
export interface ContractOptions {
  readonly name: string;
  readonly open: () => Promise<Subject>;
  /** Largest difference of a logit between a fresh prefix + tree and one-by-one decoding. */
  readonly tolerance: number;
  /** The same after commits, when accepted cells lie elsewhere in the cache. */
  readonly toleranceAfterCommit: number;
  /** Whether a pass outlasts a turn of the event loop, so that a second call can meet it. */
  readonly isSlow: boolean;
  /** [>= 24] token ids of a plausible prompt. */
  readonly prompt: Int32Array;
}

/** Five leaves, shared inner nodes, a lone branch. */
function bushyTree(root: number, tokens: Int32Array): DraftTree {
  const t = (index: number) => tokens[index]!;
  return treeOf(root, [
    [0, t(1)],
    [0, t(2)],
    [1, t(3)],
    [1, t(4)],
    [3, t(5)],
    [2, t(6)],
    [0, t(7)],
    [5, t(8)],
    [5, t(9)],
    [6, t(10)],
  ]);
}

export function describeTargetContract(options: ContractOptions): void {
  const { prompt, tolerance, toleranceAfterCommit } = options;
  const distinct = Int32Array.from(new Set(prompt));

  describe(`${options.name} as a TargetModel`, () => {
    const withSubject = (work: (subject: Subject) => Promise<void>) => async () => {
      using subject = await options.open();
      await work(subject);
    };

    /** Logits of some tokens after a history, one token per pass, from an empty cache. */
    const oneByOne = async (target: TargetModel, history: readonly number[]): Promise<number[]> => {
      await target.prefill(new Int32Array(0), NEVER);
      await target.prefill(Int32Array.from(history.slice(0, -1)), NEVER);
      const logits = await target.evaluateTree(rootOnlyTree(history.at(-1)!), NEVER);
      const values = sampleLogits(logits, ROOT, target.vocabSize);
      target.rewind();
      return values;
    };

    test(
      "prefill holds exactly the tokens and keeps the common prefix",
      withSubject(async ({ target, checkCache }) => {
        expect(await target.prefill(prompt, NEVER)).toBe(0);
        expect(target.kvLength).toBe(prompt.length);
        const changed = prompt.slice();
        changed[10] = prompt[0] === prompt[10] ? prompt[1]! : prompt[0]!;
        expect(await target.prefill(changed, NEVER)).toBe(10);
        expect(target.kvLength).toBe(changed.length);
        expect(await target.prefill(prompt.subarray(0, 5), NEVER)).toBe(5);
        expect(target.kvLength).toBe(5);
        checkCache();
        expect(await target.prefill(new Int32Array(0), NEVER)).toBe(0);
        expect(target.kvLength).toBe(0);
        checkCache();
      }),
    );

    test(
      "a tree's logits equal decoding each path one by one",
      withSubject(async ({ target, checkCache }) => {
        const prefix = prompt.subarray(0, 12);
        const tree = bushyTree(prompt[12]!, distinct);
        await target.prefill(prefix, NEVER);
        const logits = await target.evaluateTree(tree, NEVER);
        const treeRows = rowsOf(tree, logits, target.vocabSize);
        target.rewind();
        checkCache();
        for (let node = 0; node < tree.size; node++) {
          const history = [...prefix, tree.tokens[ROOT]!, ...pathTokens(tree, node)];
          expectClose(treeRows[node]!, await oneByOne(target, history), tolerance);
        }
      }),
    );

    test(
      "commit of every path leaves the cache as if only that path had been decoded",
      withSubject(async ({ target, checkCache }) => {
        const prefix = prompt.subarray(0, 12);
        const tree = bushyTree(prompt[12]!, distinct);
        for (let last = 0; last < tree.size; last++) {
          await target.prefill(new Int32Array(0), NEVER);
          await target.prefill(prefix, NEVER);
          await target.evaluateTree(tree, NEVER);
          target.commit({ nodes: pathNodes(tree, last), bonusToken: 0 });
          const committed = [...prefix, tree.tokens[ROOT]!, ...pathTokens(tree, last)];
          expect(target.kvLength).toBe(committed.length);
          checkCache();
          // The next tree sees this prefix in every branch.
          const next = bushyTree(prompt[13]!, distinct.slice(3));
          const logits = await target.evaluateTree(next, NEVER);
          const nextRows = rowsOf(next, logits, target.vocabSize);
          target.rewind();
          target.rewind();
          checkCache();
          const node = last % next.size;
          const history = [...committed, next.tokens[ROOT]!, ...pathTokens(next, node)];
          expectClose(nextRows[node]!, await oneByOne(target, history), toleranceAfterCommit);
        }
      }),
    );

    test(
      "many steps in a row keep the cache in step",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(prompt.subarray(0, 4), NEVER);
        let root = prompt[4]!;
        const committed: number[] = [...prompt.subarray(0, 4)];
        for (let step = 0; step < 12; step++) {
          const tree = bushyTree(root, distinct.slice(step % 5));
          const logits = await target.evaluateTree(tree, NEVER);
          const node = (step * 7) % tree.size;
          const path = { nodes: pathNodes(tree, node), bonusToken: logits.argmax(node) };
          target.commit(path);
          committed.push(root, ...pathTokens(tree, node));
          root = path.bonusToken;
          checkCache();
        }
        const logits = await target.evaluateTree(rootOnlyTree(root), NEVER);
        const row = sampleLogits(logits, ROOT, target.vocabSize);
        target.rewind();
        expectClose(row, await oneByOne(target, [...committed, root]), toleranceAfterCommit);
      }),
    );

    test(
      "an abort at any look at the signal leaves the committed tokens, and the next request is right",
      withSubject(async ({ target, checkCache }) => {
        const tree = bushyTree(prompt[20]!, distinct);
        const history = [...prompt.subarray(0, 20), prompt[20]!];
        const expected = await oneByOne(target, history);
        let numAborts = 0;
        for (let n = 1; ; n++) {
          await target.prefill(new Int32Array(0), NEVER);
          const { signal, wasReached } = countdownSignal(n);
          let isAborted = false;
          try {
            await target.prefill(prompt.subarray(0, 20), signal);
            await target.evaluateTree(tree, signal);
            target.commit({ nodes: new Int32Array(0), bonusToken: 0 });
          } catch (error) {
            expect(error).toHaveProperty("name", "AbortError");
            isAborted = true;
          }
          checkCache();
          expect(isAborted).toBe(wasReached());
          if (!isAborted) break;
          numAborts++;
          expect(target.kvLength).toBeLessThanOrEqual(20);
          await target.prefill(prompt.subarray(0, 20), NEVER);
          const logits = await target.evaluateTree(rootOnlyTree(prompt[20]!), NEVER);
          expectClose(sampleLogits(logits, ROOT, target.vocabSize), expected, tolerance);
          target.rewind();
        }
        expect(numAborts).toBeGreaterThanOrEqual(4);
      }),
    );

    test(
      "an abort while a pass runs takes effect when that pass ends",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(prompt.subarray(0, 12), NEVER);
        const controller = new AbortController();
        const pass = target.evaluateTree(bushyTree(prompt[12]!, distinct), controller.signal);
        controller.abort();
        await expect(pass).rejects.toHaveProperty("name", "AbortError");
        expect(target.kvLength).toBe(12);
        checkCache();
      }),
    );

    test(
      "greedy verification of a tree that holds the target's own choices accepts them all",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(prompt.subarray(0, 12), NEVER);
        const chain: number[] = [];
        let root = prompt[12]!;
        for (let step = 0; step < 4; step++) {
          const logits = await target.evaluateTree(rootOnlyTree(root), NEVER);
          root = logits.argmax(ROOT);
          chain.push(root);
          target.commit({ nodes: new Int32Array(0), bonusToken: root });
        }
        await target.prefill(prompt.subarray(0, 12), NEVER);
        const tree = treeOf(prompt[12]!, [
          [0, chain[0]!],
          [1, chain[1]!],
          [2, chain[2]!],
        ]);
        const logits = await target.evaluateTree(tree, NEVER);
        const path = verifyGreedy(tree, (node) => logits.argmax(node));
        expect([...path.nodes]).toEqual([1, 2, 3]);
        expect(path.bonusToken).toBe(chain[3]);
        target.commit(path);
        checkCache();
      }),
    );

    test(
      "misuse throws and changes nothing",
      withSubject(async ({ target, checkCache }) => {
        await target.prefill(prompt.subarray(0, 12), NEVER);
        const nothing = { nodes: new Int32Array(0), bonusToken: 0 };
        expect(() => target.commit(nothing)).toThrow(RangeError);
        const tree = bushyTree(prompt[12]!, distinct);
        const logits = await target.evaluateTree(tree, NEVER);
        expect(() => target.commit({ nodes: Int32Array.of(3), bonusToken: 0 })).toThrow(RangeError);
        const other = target.evaluateTree(tree, NEVER);
        // By now the pass has its cells; nothing that is refused may touch them.
        await new Promise((resolve) => setImmediate(resolve));
        if (options.isSlow) {
          await expect(target.evaluateTree(tree, NEVER)).rejects.toThrow(RangeError);
          await expect(target.prefill(prompt, NEVER)).rejects.toThrow(RangeError);
          expect(() => target.rewind()).toThrow(RangeError);
        }
        await other;
        expect(() => logits.argmax(0)).toThrow(RangeError);
        target.commit({ nodes: Int32Array.of(1, 3), bonusToken: 0 });
        checkCache();
        await target.prefill(prompt.subarray(0, 12), NEVER);
        const tooLong = new Int32Array(target.contextSize + 1).fill(prompt[0]!);
        const full = target.prefill(tooLong, NEVER);
        await expect(full).rejects.toBeInstanceOf(EngineError);
        await expect(full).rejects.toHaveProperty("code", "contextFull");
        const tooLarge = treeOf(
          1,
          Array.from({ length: target.maxNodes }, (_, i) => [i, 1]),
        );
        await expect(target.evaluateTree(tooLarge, NEVER)).rejects.toThrow(RangeError);
        expect(target.kvLength).toBe(12);
        checkCache();
      }),
    );

    test("after dispose every method throws, dispose itself does not", async () => {
      const subject = await options.open();
      // With cells in the cache: native memory must not be touched once it is freed.
      await subject.target.prefill(prompt, NEVER);
      await subject.target.evaluateTree(rootOnlyTree(1), NEVER);
      subject[Symbol.dispose]();
      subject.target[Symbol.dispose]();
      const shorter = prompt.subarray(0, 5);
      await expect(subject.target.prefill(shorter, NEVER)).rejects.toThrow(RangeError);
      await expect(subject.target.evaluateTree(rootOnlyTree(1), NEVER)).rejects.toThrow(RangeError);
      expect(() => subject.target.commit({ nodes: new Int32Array(0), bonusToken: 0 })).toThrow();
    });
  });
}

function pathNodes(tree: DraftTree, last: number): Int32Array {
  const nodes: number[] = [];
  for (let node = last; node > 0; node = tree.parents[node]!) nodes.unshift(node);
  return Int32Array.from(nodes);
}

const NUM_SAMPLES = 61;

/** Logits of a fixed sample of the vocabulary and of the best tokens. */
function sampleLogits(logits: TreeLogits, node: number, vocabSize: number): number[] {
  const values: number[] = [];
  const step = Math.max(1, Math.floor(vocabSize / NUM_SAMPLES));
  for (let token = 0; token < vocabSize; token += step) values.push(logits.logit(node, token));
  return [...values, ...logits.topK(node, 1).logits];
}

function rowsOf(tree: DraftTree, logits: TreeLogits, vocabSize: number): number[][] {
  return Array.from({ length: tree.size }, (_, node) => sampleLogits(logits, node, vocabSize));
}

function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
): void {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0);
  expect(worst, "largest difference of a logit").toBeLessThanOrEqual(tolerance);
}

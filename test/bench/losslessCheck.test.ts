import { describe, expect, test } from "vitest";
import { WrappedTarget } from "../../src/bench/base/wrappedTarget.ts";
import { findDifference } from "../../src/bench/speed/losslessCheck.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../src/core/tree/targetModel.ts";
import { FakeTarget } from "../fakes/fakeTarget.ts";
import { NEVER } from "../support/never.ts";

const VOCAB_SIZE = 5;
/** Token 1 always, by far. */
const LOGITS = Float32Array.from([0, 9, 3, 2, 1]);
const PROMPT = Int32Array.from([1, 1, 1]);
const PLAIN = Int32Array.from([1, 1, 1]);

/** Chooses another token in passes of some number of rows, as quantized weights may. */
class FlippingTarget extends WrappedTarget {
  readonly #numRows: number;
  readonly #token: number;

  constructor(numRows: number, token: number) {
    super(new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: () => LOGITS }));
    this.#numRows = numRows;
    this.#token = token;
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    const isFlipped = tree.size === this.#numRows;
    return {
      topK: (node, k) => logits.topK(node, k),
      logSumExp: (node) => logits.logSumExp(node),
      logit: (node, token) => logits.logit(node, token),
      argmax: (node) => (isFlipped ? this.#token : logits.argmax(node)),
    };
  }
}

const differenceOf = (target: TargetModel, speculative: readonly number[]) =>
  findDifference(
    { target, maxGap: 0.2, isEndToken: (token) => token === 4 },
    PROMPT,
    PLAIN,
    Int32Array.from(speculative),
    NEVER,
  );

/** Logits of token 2 that differ by up to so much from pass to pass. */
class NoisyTarget extends WrappedTarget {
  readonly #noise: number;
  #numPasses = 0;

  constructor(logit: number, noise: number) {
    const logits = LOGITS.with(2, logit);
    super(new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: () => logits }));
    this.#noise = noise;
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    const added = this.#noise * Math.sin(this.#numPasses++);
    return {
      topK: (node, k) => logits.topK(node, k),
      logSumExp: (node) => logits.logSumExp(node),
      logit: (node, token) => logits.logit(node, token) + (token === 2 ? added : 0),
      argmax: (node) => logits.argmax(node),
    };
  }
}

describe("findDifference", () => {
  test.each([2, 3, 4])(
    "forgives a choice that plain decoding makes in passes of %d rows",
    async (numRows) => {
      const difference = await differenceOf(new FlippingTarget(numRows, 2), [1, 2, 1]);
      expect(difference).toMatchObject({ index: 1, isNearTie: true, gap: 6 });
    },
  );

  test.each([1, 4, 9])(
    "forgives a choice at %d that plain decoding makes where all of its passes have other rows",
    async (index) => {
      const plain = new Int32Array(12).fill(1);
      const other = plain.with(index, 2);
      const target = new FlippingTarget(5, 2);
      const judge = { target, maxGap: 0.2, isEndToken: () => false };
      const difference = await findDifference(judge, PROMPT, plain, other, NEVER);
      expect(difference).toMatchObject({ index, isNearTie: true, gap: 6 });
    },
  );

  test("forgives no choice that plain decoding never makes, however it is asked", async () => {
    expect(await differenceOf(new FlippingTarget(2, 3), [1, 2, 1])).toMatchObject({
      isNearTie: false,
    });
    expect(await differenceOf(new FlippingTarget(64, 2), [1, 2, 1])).toMatchObject({
      isNearTie: false,
    });
  });

  test.each([
    [8.5, 0.4, true],
    [8.5, 0.1, false],
    [8.5, 0, false],
    [6, 0.4, false],
  ])(
    "of a token at %d, where the best has 9 and passes differ by %d, forgives: %s",
    async (logit, noise, isNearTie) => {
      const target = new NoisyTarget(logit, noise);
      expect(await differenceOf(target, [1, 2, 1])).toMatchObject({ index: 1, isNearTie });
    },
  );

  test("forgives an output that ended where plain decoding would in another pass", async () => {
    expect(await differenceOf(new FlippingTarget(3, 4), [1])).toMatchObject({ isNearTie: true });
    expect(await differenceOf(new FlippingTarget(3, 2), [1])).toMatchObject({ isNearTie: false });
  });

  test("finds nothing between equal outputs", async () => {
    expect(await differenceOf(new FlippingTarget(2, 2), [1, 1, 1])).toBeUndefined();
  });
});

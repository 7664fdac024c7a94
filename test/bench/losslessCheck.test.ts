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

/** Token 2 is not far behind. */
const NEAR_LOGITS = LOGITS.with(2, 8.5).with(4, 8.45);

/** Chooses another token in passes of some number of rows, as quantized weights may. */
class FlippingTarget extends WrappedTarget {
  readonly #numRows: number;
  readonly #token: number;

  constructor(numRows: number, token: number, logits = NEAR_LOGITS) {
    super(new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: () => logits }));
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

/** The logit of token 2 differs by so much from pass to pass. */
class NoisyTarget extends WrappedTarget {
  readonly #noise: (pass: number) => number;
  #numPasses = 0;

  constructor(logit: number, noise: (pass: number) => number) {
    const logits = LOGITS.with(2, logit);
    super(new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf: () => logits }));
    this.#noise = noise;
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    const added = this.#noise(this.#numPasses++);
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
      expect(difference).toMatchObject({ index: 1, isNearTie: true, gap: 0.5 });
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
      expect(difference).toMatchObject({ index, isNearTie: true, gap: 0.5 });
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

  test("forgives no choice that is far behind, though passes of some number of rows make it: a cache may be broken", async () => {
    const target = new FlippingTarget(2, 2, LOGITS);
    expect(await differenceOf(target, [1, 2, 1])).toMatchObject({ gap: 6, isNearTie: false });
  });

  test("forgives nothing for a single pass that is far off", async () => {
    for (let far = 2; far < 20; far++) {
      const target = new NoisyTarget(8.5, (pass) => (pass === far ? -40 : 0));
      expect(await differenceOf(target, [1, 2, 1])).toMatchObject({ isNearTie: false });
    }
  });

  test("no difference is innocent where the judge knows no tie", async () => {
    const judge = { target: new FlippingTarget(2, 2), maxGap: 0, isEndToken: () => false };
    const difference = await findDifference(judge, PROMPT, PLAIN, PLAIN.with(1, 2), NEVER);
    expect(difference).toMatchObject({ isNearTie: false });
  });

  test.each([
    [8.5, 0.4, true],
    [8.5, 0.1, false],
    [8.5, 0, false],
    [6, 0.4, false],
  ])(
    "of a token at %d, where the best has 9 and passes differ by %d, forgives: %s",
    async (logit, noise, isNearTie) => {
      const target = new NoisyTarget(logit, (pass) => noise * Math.sin(pass));
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

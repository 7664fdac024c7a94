import { describe, expect, test } from "vitest";
import { WrappedTarget } from "../../src/bench/base/wrappedTarget.ts";
import { findDifference } from "../../src/bench/speed/losslessCheck.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import type { TreeLogits } from "../../src/core/tree/targetModel.ts";
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

const differenceOf = (target: FlippingTarget, speculative: readonly number[]) =>
  findDifference(target, PROMPT, PLAIN, Int32Array.from(speculative), 0.2, (t) => t === 4, NEVER);

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
      const difference = await findDifference(
        target,
        PROMPT,
        plain,
        other,
        0.2,
        () => false,
        NEVER,
      );
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

  test("forgives an output that ended where plain decoding would in another pass", async () => {
    expect(await differenceOf(new FlippingTarget(3, 4), [1])).toMatchObject({ isNearTie: true });
    expect(await differenceOf(new FlippingTarget(3, 2), [1])).toMatchObject({ isNearTie: false });
  });

  test("finds nothing between equal outputs", async () => {
    expect(await differenceOf(new FlippingTarget(2, 2), [1, 1, 1])).toBeUndefined();
  });
});

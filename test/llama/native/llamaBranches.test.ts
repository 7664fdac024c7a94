import { expect } from "vitest";
import { describeBranchContract } from "../../support/branchContract.ts";
import { openTarget, TEST_GPU } from "../../support/models.ts";

// As LlamaTarget after commits: cells lie elsewhere than one-by-one decoding lays them, and sums round otherwise.
describeBranchContract({
  name: `LlamaTarget (gpu ${TEST_GPU})`,
  isSlow: true,
  tolerance: 0.2,
  prompt: Int32Array.from({ length: 40 }, (_, index) => 40 + ((index * 97) % 3000)),
  async open() {
    const opened = await openTarget(undefined, { contextSize: 256 });
    const { target } = opened;
    return {
      target,
      checkCache() {
        const { heldLengths } = target;
        expect(heldLengths[0]).toBe(target.kvLength);
        const last = Array.from(heldLengths, (_, id) => target.lastPosition(id));
        expect(last).toEqual(Array.from(heldLengths, (held) => held - 1));
      },
      [Symbol.dispose]: () => opened[Symbol.dispose](),
    };
  },
});

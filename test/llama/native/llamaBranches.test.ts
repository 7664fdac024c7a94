import { describeBranchContract } from "../../support/branchContract.ts";
import { expectHeldCells } from "../../support/heldCells.ts";
import { openTarget, TEST_GPU } from "../../support/models.ts";
import { withParkedPrompts } from "../../support/parkingTarget.ts";

const OTHERS = Int32Array.from({ length: 72 }, (_, index) => 3001 + index);

for (const hasParked of [false, true]) {
  const parked = hasParked ? ", with parked prompts" : "";
  // As LlamaTarget after commits: cells lie elsewhere than one-by-one decoding lays them, and sums round otherwise.
  describeBranchContract({
    name: `LlamaTarget (gpu ${TEST_GPU}${parked})`,
    isSlow: true,
    tolerance: 0.2,
    prompt: Int32Array.from({ length: 40 }, (_, index) => 40 + ((index * 97) % 3000)),
    async open() {
      const opened = await openTarget(undefined, { contextSize: 256 });
      const { target } = opened;
      return {
        target: hasParked ? withParkedPrompts(target, OTHERS) : target,
        checkCache: () => expectHeldCells(target),
        [Symbol.dispose]: () => opened[Symbol.dispose](),
      };
    },
  });
}

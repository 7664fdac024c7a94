import { expectHeldCells } from "../../support/heldCells.ts";
import { openTarget, TEST_GPU } from "../../support/models.ts";
import { describeTargetContract } from "../../support/targetContract.ts";

// Measured: 0 on the CPU for the first tree, 0.08 at worst after commits; lavapipe 0.108,
// where the shape of the prompt's chunks changes the rounding, too.
const isCpu = TEST_GPU === "off";

// A GPU does the work itself; the thread count matters to the CPU only.
for (const numThreads of isCpu ? [1, 2] : [1]) {
  describeTargetContract({
    name: `LlamaTarget (gpu ${TEST_GPU}, ${numThreads} threads)`,
    isSlow: true,
    tolerance: isCpu ? 0 : 0.2,
    toleranceAfterCommit: 0.2,
    prompt: Int32Array.from({ length: 40 }, (_, index) => 40 + ((index * 97) % 3000)),
    async open() {
      const opened = await openTarget(undefined, { contextSize: 256, numThreads });
      const { target } = opened;
      return {
        target,
        checkCache: () => expectHeldCells(target),
        [Symbol.dispose]: () => opened[Symbol.dispose](),
      };
    },
  });
}

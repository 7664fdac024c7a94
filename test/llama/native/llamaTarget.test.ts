import { expectHeldCells } from "../../support/heldCells.ts";
import { openTarget, TEST_GPU } from "../../support/models.ts";
import { withParkedPrompts } from "../../support/parkingTarget.ts";
import { describeTargetContract } from "../../support/targetContract.ts";

// Measured: 0 on the CPU for the first tree, 0.08 at worst after commits; lavapipe 0.108,
// where the shape of the prompt's chunks changes the rounding, too.
const isCpu = TEST_GPU === "off";

const OTHERS = Int32Array.from({ length: 72 }, (_, index) => 3001 + index);

const RUNS = [
  { numThreads: 1, hasParked: false },
  { numThreads: 2, hasParked: false },
  { numThreads: 1, hasParked: true },
];

// A GPU does the work itself, and keeps nothing aside; the thread count matters to the CPU only.
for (const { numThreads, hasParked } of RUNS.filter(
  (run) => isCpu || (run.numThreads === 1 && !run.hasParked),
)) {
  const parked = hasParked ? ", with parked prompts" : "";
  describeTargetContract({
    name: `LlamaTarget (gpu ${TEST_GPU}, ${numThreads} threads${parked})`,
    isSlow: true,
    tolerance: isCpu ? 0 : 0.2,
    toleranceAfterCommit: 0.2,
    prompt: Int32Array.from({ length: 40 }, (_, index) => 40 + ((index * 97) % 3000)),
    async open() {
      const opened = await openTarget(undefined, { contextSize: 256, numThreads });
      const { target } = opened;
      return {
        target: hasParked ? withParkedPrompts(target, OTHERS) : target,
        checkCache: () => expectHeldCells(target),
        [Symbol.dispose]: () => opened[Symbol.dispose](),
      };
    },
  });
}

import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { describeBranchContract } from "../support/branchContract.ts";
import { describeTargetContract } from "../support/targetContract.ts";

const options = {
  name: "FakeBranchedTarget",
  isSlow: false,
  tolerance: 0,
  toleranceAfterCommit: 0,
  prompt: Int32Array.from({ length: 32 }, (_, index) => (index * 7) % 29),
  async open() {
    const logitsOf = hashedLogits(29, 5);
    const target = new FakeBranchedTarget({ vocabSize: 29, logitsOf, contextSize: 128 });
    return { target, checkCache() {}, [Symbol.dispose]: () => target[Symbol.dispose]() };
  },
};

describeTargetContract(options);
describeBranchContract(options);

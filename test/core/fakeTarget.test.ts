import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { describeTargetContract } from "../support/targetContract.ts";

describeTargetContract({
  name: "FakeTarget",
  isSlow: false,
  tolerance: 0,
  toleranceAfterCommit: 0,
  prompt: Int32Array.from({ length: 32 }, (_, index) => (index * 7) % 29),
  async open() {
    const target = new FakeTarget({ vocabSize: 29, logitsOf: hashedLogits(29, 3) });
    return { target, checkCache() {}, [Symbol.dispose]: () => target[Symbol.dispose]() };
  },
});

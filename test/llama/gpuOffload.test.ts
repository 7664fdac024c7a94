import { describe, expect, test } from "vitest";
import { EngineError, type EngineErrorCode } from "../../src/core/base/errors.ts";
import {
  type OffloadStep,
  offloadLadder,
  openWithStepDown,
} from "../../src/llama/model/gpuOffload.ts";

/** Steps as "layers" or "layers+draft". */
function shown({ gpuLayers, withDraft }: OffloadStep): string {
  return withDraft ? `${gpuLayers}+draft` : String(gpuLayers);
}

/** Opens the ladder's steps, failing at those that `failAt` has an error for. */
async function descend(
  steps: readonly OffloadStep[],
  failAt: (step: OffloadStep) => Error | undefined,
) {
  const tried: string[] = [];
  const notices: string[] = [];
  const open = async (step: OffloadStep) => {
    tried.push(shown(step));
    const failure = failAt(step);
    if (failure !== undefined) throw failure;
    return shown(step);
  };
  const [outcome] = await Promise.allSettled([
    openWithStepDown(steps, open, (notice) => notices.push(notice)),
  ]);
  return { outcome, tried, notices };
}

const outOfMemory = () => new EngineError("outOfMemory", "The device has no memory left.");

describe("offloadLadder", () => {
  test("gives up the draft first, then halves the layers, and ends on the CPU with the draft", () => {
    expect(offloadLadder(25, true).map(shown)).toEqual([
      "25+draft",
      "25",
      "12",
      "6",
      "3",
      "1",
      "0+draft",
    ]);
    expect(offloadLadder(2, false).map(shown)).toEqual(["2", "1", "0"]);
  });

  test("is one step on the CPU", () => {
    expect(offloadLadder(0, true).map(shown)).toEqual(["0+draft"]);
  });
});

describe("openWithStepDown", () => {
  const steps = offloadLadder(8, true);

  test("says nothing when the first step fits", async () => {
    const { outcome, tried, notices } = await descend(steps, () => undefined);
    expect(outcome).toMatchObject({ value: "8+draft" });
    expect([tried, notices]).toEqual([["8+draft"], []]);
  });

  test.each([
    ["8+draft", "8", /the draft model was left out/],
    ["8", "4", /only 4 of 8 layers/],
    ["2", "1", /only 1 of 8 layers/],
    ["1", "0+draft", /the models run on the CPU/],
  ])("goes below %s to %s, and says so once", async (lastFailure, fits, notice) => {
    const last = steps.findIndex((step) => shown(step) === lastFailure);
    const failing = steps.slice(0, last + 1);
    const { outcome, tried, notices } = await descend(steps, (step) =>
      failing.includes(step) ? outOfMemory() : undefined,
    );
    expect(outcome).toMatchObject({ value: fits });
    expect(tried).toEqual(steps.slice(0, last + 2).map(shown));
    expect(notices).toEqual([expect.stringMatching(notice)]);
  });

  test.each<EngineErrorCode>(["outOfMemory", "contextFailed"])(
    "takes %s for a lack of memory, and throws the last failure when nothing fits",
    async (code) => {
      const { outcome, tried, notices } = await descend(
        steps,
        (step) => new EngineError(code, shown(step)),
      );
      expect(outcome).toMatchObject({ reason: { code, message: "0+draft" } });
      expect(tried).toEqual(steps.map(shown));
      expect(notices).toEqual([]);
    },
  );

  test.each([
    ["a fault of the file", new EngineError("modelCorrupt", "no layers")],
    ["a file that llama.cpp refuses", new EngineError("modelLoadFailed", "bad tensor")],
    ["another vocabulary", new EngineError("vocabMismatch", "token 3")],
    ["an abort", new DOMException("typed on", "AbortError")],
    ["a bug", new RangeError("size -1")],
  ])("%s ends the descent at once", async (_what, failure) => {
    const { outcome, tried, notices } = await descend(steps, () => failure);
    expect(outcome).toMatchObject({ status: "rejected", reason: failure });
    expect([tried, notices]).toEqual([["8+draft"], []]);
  });

  test("such a failure ends it lower down, too", async () => {
    const abort = new DOMException("typed on", "AbortError");
    const { outcome, tried } = await descend(steps, ({ withDraft }) =>
      withDraft ? outOfMemory() : abort,
    );
    expect(outcome).toMatchObject({ reason: abort });
    expect(tried).toEqual(["8+draft", "8"]);
  });
});

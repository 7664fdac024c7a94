/** What a benchmark does around its suites, on a fake target: no model is loaded. */
import { describe, expect, test } from "vitest";
import { WrappedTarget } from "../../src/bench/base/wrappedTarget.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import { createConfigs } from "../../src/engine/measure/benchConfigs.ts";
import { BenchWorkspace } from "../../src/engine/measure/benchWorkspace.ts";
import { runBenchmark } from "../../src/engine/measure/runBenchmark.ts";
import type { ModelPair } from "../../src/engine/models/modelHost.ts";
import type { BenchParams } from "../../src/engine/protocol/benchMessages.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { NEVER } from "../support/never.ts";

const PARAMS: BenchParams = {
  suites: [],
  workspace: { origin: "nothing", files: [] },
  foreign: { origin: "nothing", files: [] },
  configs: ["plain"],
  budgetMs: 60_000,
  numPrompts: 1,
  maxTokens: 8,
  maxPromptTokens: 8,
  seed: 1,
};

/** Notes when its threads are frozen, and which passes are run otherwise. */
class ThreadedTarget extends WrappedTarget {
  readonly numThreads = 2;
  isFrozen = false;
  numFreezes = 0;
  numUnfrozenPasses = 0;

  freezeThreads(): Disposable {
    this.isFrozen = true;
    this.numFreezes++;
    return {
      [Symbol.dispose]: () => {
        this.isFrozen = false;
      },
    };
  }
  override evaluateTree(tree: DraftTree, signal: AbortSignal) {
    if (!this.isFrozen) this.numUnfrozenPasses++;
    return super.evaluateTree(tree, signal);
  }
}

function fakePair() {
  const inner = () => new FakeTarget({ vocabSize: 16, logitsOf: hashedLogits(16, 2) });
  const target = new ThreadedTarget(inner());
  const draft = new ThreadedTarget(inner());
  const file = { path: "m", name: "m", fileBytes: 1, gpuLayers: 0 };
  const loaded = {
    target: { ...file, numThreads: 3 },
    draft: { ...file, numThreads: 1 },
    backend: "cpu",
    deviceNames: [],
    llamaCppVersion: "fake",
    contextSize: 4096,
    notices: [],
    loadMs: 0,
  };
  const pair = { target: { target }, draft: { target: draft }, loaded, isEndToken: () => false };
  return { pair: pair as unknown as ModelPair, target, draft };
}

describe("runBenchmark", () => {
  test("keeps the threads of both models from the first pass to the last, and no longer", async () => {
    const { pair, target, draft } = fakePair();
    const { settings, cost, warnings } = await runBenchmark(pair, PARAMS, () => {}, NEVER);
    expect(cost?.points.length).toBeGreaterThan(1);
    for (const each of [target, draft]) {
      expect([each.numFreezes, each.isFrozen, each.numUnfrozenPasses]).toEqual([1, false, 0]);
    }
    // What was lost before the benchmark is told.
    expect(settings).toMatchObject({ threads: 3, threadsAtEnd: 2 });
    expect(warnings).toContainEqual(expect.stringContaining("2 of the 3 threads it was loaded"));
  });

  test("gives them free again where it is aborted, and where it fails", async () => {
    const aborted = fakePair();
    const controller = new AbortController();
    const abort = () => controller.abort();
    const report = await runBenchmark(aborted.pair, PARAMS, abort, controller.signal);
    expect(report.isComplete).toBe(false);
    expect([aborted.target.numFreezes, aborted.target.isFrozen]).toEqual([1, false]);
    const failing = fakePair();
    const params = { ...PARAMS, suites: ["repo"] as const };
    await expect(runBenchmark(failing.pair, params, () => {}, NEVER)).rejects.toThrow();
    expect([failing.target.numFreezes, failing.target.isFrozen]).toEqual([1, false]);
  });
});

describe("createConfigs", () => {
  test("leaves the peers out with the reason that there are none", async () => {
    const { pair, target } = fakePair();
    const peers = "400 MB should be free.";
    const tokenizer = { hash: "", vocabSize: 2, tokenize: async () => new Int32Array(0) };
    const workspace = await BenchWorkspace.open([], tokenizer, () => {}, NEVER);
    const surroundings = { pair, target, peers, workspace, newPolicy: () => undefined };
    const { configs, leftOut } = createConfigs(["plain", "peer:lookup"], surroundings);
    expect(configs.map(({ name }) => name)).toEqual(["plain"]);
    expect(leftOut).toMatchObject([{ name: "peer:lookup", failure: peers }]);
  });
});

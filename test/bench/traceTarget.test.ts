import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DraftModelDrafter } from "../../src/core/drafters/draftModelDrafter.ts";
import { DRAFT_MODES, type Drafter } from "../../src/core/tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { RecordingTarget } from "../../tooling/traces/trace/recordingTarget.ts";
import { RowTrie } from "../../tooling/traces/trace/rowTrie.ts";
import { TraceTarget } from "../../tooling/traces/trace/traceTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import {
  arbitraryScenario,
  CLOCK,
  decodePlain,
  decodeSpeculatively,
  openFake,
  type Scenario,
} from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { tokensTo } from "../support/traces.ts";

/** More than any vocabulary here. */
const ALL = 32;

/** A trace is of what follows one prompt. */
const scenarios = arbitraryScenario().map((scenario) => ({ ...scenario, opening: undefined }));

/** A decoding as it went: the trees it verified, the output, the counters. */
async function decodeWith(scenario: Scenario, target: TargetModel, drafters?: readonly Drafter[]) {
  const trees: DraftTree[] = [];
  const onStep = (tree: DraftTree) => trees.push(tree);
  const { tokens, finishReason, stats } = await decodeSpeculatively(scenario, {
    target,
    ...(drafters === undefined ? {} : { drafters }),
    observer: { ...CLOCK, onStep },
  });
  return { trees, tokens: [...tokens], finishReason, stats };
}

function recorder(scenario: Scenario, inner = openFake(scenario)) {
  const trie = new RowTrie();
  const target = new RecordingTarget(inner, ALL);
  target.open(Int32Array.from(scenario.prompt), trie);
  return { trie, target };
}

function replayer(scenario: Scenario, trie: RowTrie): TraceTarget {
  const target = new TraceTarget(openFake(scenario));
  target.open(Int32Array.from(scenario.prompt), trie);
  return target;
}

/** Whether `asked` has a row where a node of the other trie stands. */
function isRead(asked: RowTrie, other: RowTrie, node: number): boolean {
  return asked.row(asked.addPath(tokensTo(other, node)).at(-1)!) !== undefined;
}

describe("TraceTarget", () => {
  test("decodes as the recorded model did, whoever drafts: the same trees, passes and tokens", async () => {
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const { trie, target } = recorder(scenario);
      const real = await decodeWith(scenario, target);
      const trace = replayer(scenario, trie);
      expect(await decodeWith(scenario, trace)).toEqual(real);
      expect(trace.numLacked).toBe(0);
    });
    await fc.assert(property, { numRuns: NUM_RUNS });
  });

  test("drafts as the recorded draft model did, in every mode", async () => {
    const property = fc.asyncProperty(
      scenarios,
      fc.constantFrom(...DRAFT_MODES),
      fc.nat(),
      async (scenario, mode, seed) => {
        const settings = { maxTokens: 4, minSurvival: 0.01, mode, now: CLOCK.now };
        const decode = (draft: TargetModel, target: TargetModel) =>
          decodeWith(scenario, target, [new DraftModelDrafter(draft, settings)]);
        const target = recorder(scenario);
        const draft = recorder(scenario, openFake(scenario, seed));
        const real = await decode(draft.target, target.target);
        const trace = replayer(scenario, draft.trie);
        expect(await decode(trace, replayer(scenario, target.trie))).toEqual(real);
        expect(trace.numLacked).toBe(0);
      },
    );
    await fc.assert(property, { numRuns: NUM_RUNS });
  });

  test("needs the output's own rows only to say what the target says, and counts what it lacks", async () => {
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const { trie, target } = recorder(scenario);
      const plain = await decodeWith({ ...scenario, passMs: undefined }, target, []);
      const trace = replayer(scenario, trie);
      const replayed = await decodeWith(scenario, trace);
      expect(replayed.tokens).toEqual([...(await decodePlain(scenario)).tokens]);
      expect(replayed.tokens).toEqual(plain.tokens);
      // Until a row is lacked both go the same way, so one is lacked where the model itself is asked for more rows.
      const asked = recorder(scenario);
      await decodeWith(scenario, asked.target);
      const onPath = trie.size;
      for (let node = 1; node < asked.trie.size; node++) trie.addPath(tokensTo(asked.trie, node));
      const isBeside = Array.from({ length: trie.size - onPath }, (_, index) => onPath + index);
      expect(trace.numLacked > 0).toBe(isBeside.some((node) => isRead(asked.trie, trie, node)));
    });
    await fc.assert(property, { numRuns: NUM_RUNS });
  });

  test("counts a row that it lacks once a pass, and says nothing in its place", async () => {
    const trie = new RowTrie();
    trie.setRow(0, { tokens: Int32Array.of(5), logits: Float32Array.of(2), logSumExp: 2.5 });
    const target = new TraceTarget({ vocabSize: 9, contextSize: 99, maxNodes: 8, maxBranches: 4 });
    target.open(Int32Array.of(1, 2), trie);
    await target.prefill(Int32Array.of(1), NEVER);
    const tree = new DraftTreeBuilder(2);
    tree.add(0, 5, { score: 1, source: 1 });
    const logits = await target.evaluateTree(tree.finish(), NEVER);
    expect(logits.argmax(0)).toBe(5);
    expect(logits.logSumExp(0)).toBe(2.5);
    expect([target.numRead, target.numLacked]).toEqual([1, 0]);
    expect(logits.topK(1, 3).tokens).toHaveLength(0);
    expect(logits.logit(1, 4)).toBe(Number.NEGATIVE_INFINITY);
    expect([target.numRead, target.numLacked]).toEqual([2, 1]);
  });

  test("names what it lacks, where that is collected: filled in, the next decoding lacks less", async () => {
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const { trie, target } = recorder(scenario);
      await decodeWith({ ...scenario, passMs: undefined }, target, []);
      const whole = recorder(scenario);
      const real = await decodeWith(scenario, whole.target);
      // Each round finds what is lacked first, if not more.
      for (let round = 0; round < 200; round++) {
        const trace = new TraceTarget(openFake(scenario));
        trace.open(Int32Array.from(scenario.prompt), trie, true);
        const replayed = await decodeWith(scenario, trace);
        if (trace.lacked.size === 0) {
          expect(trace.numLacked).toBe(0);
          expect(replayed).toEqual(real);
          return;
        }
        const logitsOf = hashedLogits(scenario.vocabSize, scenario.order, scenario.seed);
        for (const node of trace.lacked) {
          const logits = logitsOf([...scenario.prompt, ...tokensTo(trie, node)]);
          const tokens = Int32Array.from(logits.keys()).sort(
            (a, b) => logits[b]! - logits[a]! || a - b,
          );
          trie.setRow(node, { tokens, logits: logits.slice().sort().reverse(), logSumExp: 0 });
        }
      }
      expect.unreachable("a row was lacked in every round");
    });
    await fc.assert(property, { numRuns: NUM_RUNS });
  });

  test("refuses what the recorded model would refuse", async () => {
    const target = new TraceTarget({ vocabSize: 9, contextSize: 3, maxNodes: 2, maxBranches: 1 });
    target.open(Int32Array.of(1), new RowTrie());
    await expect(target.prefill(new Int32Array(4), NEVER)).rejects.toMatchObject({
      code: "contextFull",
    });
    const wide = new DraftTreeBuilder(1);
    wide.add(0, 2, { score: 1, source: 1 });
    wide.add(0, 3, { score: 1, source: 1 });
    await expect(target.evaluateTree(wide.finish(), NEVER)).rejects.toThrow("3 nodes");
    await target.prefill(Int32Array.of(1, 2, 3), NEVER);
    await expect(target.evaluateTree(rootOnlyTree(4), NEVER)).rejects.toMatchObject({
      code: "contextFull",
    });
    expect(() => target.commit({ nodes: new Int32Array(0), bonusToken: 0 })).toThrow(RangeError);
  });
});

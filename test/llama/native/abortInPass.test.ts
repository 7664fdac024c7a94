/** On the CPU an abort stops a pass in its middle, and leaves the memory as it was before. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type DraftTree, DraftTreeBuilder } from "../../../src/core/tree/draftTree.ts";
import { MAX_BATCH } from "../../../src/llama/target/batchSize.ts";
import { openContext } from "../../../src/llama/target/llamaContext.ts";
import { LlamaTarget } from "../../../src/llama/target/llamaTarget.ts";
import { expectHeldCells } from "../../support/heldCells.ts";
import { openTarget, TEST_GPU } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";

const NUM_TOKENS = 600;
const PROMPT = Int32Array.from({ length: NUM_TOKENS }, (_, index) => 40 + ((index * 97) % 3000));
/** Of the logits of a prompt that was cut into other chunks; see llamaTarget.test.ts. */
const TOLERANCE = 0.2;
const NUM_COMPARED = 500;
/** As long as the longest pass here and longer, so that some of the aborts fall into it. */
const DELAYS_MS = Array.from({ length: 40 }, (_, index) => (index * 7) % 40);

/** Five continuations of twelve tokens. */
function wideTree(root: number): DraftTree {
  const builder = new DraftTreeBuilder(root);
  for (let branch = 0; branch < 5; branch++) {
    let parent = 0;
    for (let depth = 0; depth < 12; depth++) {
      const token = 50 + branch * 300 + depth;
      parent = builder.add(parent, token, { score: 1, source: 0 });
    }
  }
  return builder.finish();
}

test.skipIf(TEST_GPU !== "off")(
  "prompts and trees stopped anywhere are as if they had not begun",
  async () => {
    using opened = await openTarget(undefined, { contextSize: 1024, numThreads: 2 });
    const { model } = opened;
    const options = {
      contextSize: 1024,
      threads: { now: 2, most: 2 },
      backend: "cpu",
    } as const;
    let numStopped = 0;
    const openWatched = async (partRows?: number): Promise<LlamaTarget> => {
      const context = await openContext(model, options);
      return new LlamaTarget({
        ...context,
        partRows: partRows ?? context.partRows,
        async decode(batch, numRows, signal) {
          const isDone = await context.decode(batch, numRows, signal);
          if (!isDone) numStopped++;
          return isDone;
        },
      });
    };
    const abortAfter = async (
      target: LlamaTarget,
      ms: number,
      work: (signal: AbortSignal) => Promise<unknown>,
    ) => {
      const controller = new AbortController();
      const [outcome] = await Promise.all([
        Promise.allSettled([work(controller.signal)]),
        delay(ms).then(() => controller.abort()),
      ]);
      if (outcome[0].status === "rejected") {
        expect(outcome[0].reason).toMatchObject({ name: "AbortError" });
      }
      target.rewind();
      expectHeldCells(target);
    };

    const tree = wideTree(PROMPT[0]!);
    await opened.target.prefill(PROMPT, NEVER);
    const [expected] = await allRows(opened.target, tree);

    for (const ms of DELAYS_MS) {
      // A target waits for a part that it expects to end soon; of its first one it expects nothing.
      using fresh = await openWatched(MAX_BATCH);
      await abortAfter(fresh, ms, (signal) => fresh.prefill(PROMPT, signal));
      await fresh.prefill(PROMPT.subarray(0, 40), NEVER);
      expectHeldCells(fresh);
    }
    expect(numStopped, "prompts stopped within a part").toBeGreaterThan(0);
    using target = await openWatched();
    await target.prefill(PROMPT, NEVER);
    const rows = await allRows(target, tree);
    for (const [token, logit] of rows[0]!.entries()) {
      expect(Math.abs(logit - expected![token]!)).toBeLessThanOrEqual(TOLERANCE);
    }

    numStopped = 0;
    for (const ms of DELAYS_MS) {
      await abortAfter(target, ms, (signal) => target.evaluateTree(tree, signal));
      expect(target.kvLength).toBe(NUM_TOKENS);
    }
    expect(numStopped, "trees stopped within the pass").toBeGreaterThan(0);
    // The same rows in the same pass: nothing rounds otherwise.
    expect(await allRows(target, tree)).toEqual(rows);

    numStopped = 0;
    for (const ms of DELAYS_MS) {
      await abortAfter(target, ms, async (signal) => {
        using branches = target.openBranches(Int32Array.of(NUM_TOKENS - 20, NUM_TOKENS));
        await branches.evaluateTrees([wideTree(7), wideTree(9)], signal);
      });
    }
    expect(numStopped, "branches stopped within the pass").toBeGreaterThan(0);
    expect(await allRows(target, tree)).toEqual(rows);
  },
  120_000,
);

/** [nodes][tokens] logits of the first tokens of the vocabulary. */
async function allRows(target: LlamaTarget, tree: DraftTree): Promise<number[][]> {
  const logits = await target.evaluateTree(tree, NEVER);
  return Array.from({ length: tree.size }, (_, node) =>
    Array.from({ length: NUM_COMPARED }, (_, token) => logits.logit(node, token)),
  );
}

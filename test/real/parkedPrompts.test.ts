/**
 * What keeping the prompts of other places aside costs real models, what it saves, and whether it changes what they say. With
 * TREELINE_PARKED_TOKENS=1024 the figures of the longest prompts.
 */
import { expect, test } from "vitest";
import { rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { LosslessBench } from "../support/losslessRun.ts";
import { openTarget } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { realSpots } from "../support/packageSources.ts";
import { checkRealModels, REAL_DRAFT_PATH, REAL_TARGET_PATH } from "../support/realModels.ts";

const NUM_PROMPT_TOKENS = Number(process.env["TREELINE_PARKED_TOKENS"] ?? 192);
const NUM_TIMED = Number(process.env["TREELINE_PARKED_PASSES"] ?? 3);
/** Above the differences that other cuts of a prompt make; see docs/lossless.md. */
const TOLERANCE = 1;

checkRealModels();

test.each([
  ["0.5B", REAL_DRAFT_PATH],
  ["1.5B", REAL_TARGET_PATH],
])(
  "the %s finds the prompts of three places, and goes on as if it had read them anew",
  async (name, path) => {
    using opened = await openTarget(path, { contextSize: 4096, numThreads: 2 });
    const { model, target } = opened;
    const bench = new LosslessBench(model, target, 1);
    const prompts = realSpots(40, 15)
      .map((spot) => bench.prompt(spot, NUM_PROMPT_TOKENS).promptTokens)
      .filter(({ length }) => length > 0.9 * NUM_PROMPT_TOKENS)
      .slice(0, 3);
    expect(prompts).toHaveLength(3);
    const visit = async (prompt: Int32Array) => {
      const start = performance.now();
      const numReused = await target.prefill(prompt.subarray(0, -1), NEVER);
      const promptMs = performance.now() - start;
      let row: number[] = [];
      const passes: number[] = [];
      for (let pass = 0; pass < NUM_TIMED; pass++) {
        const passStart = performance.now();
        const logits = await target.evaluateTree(rootOnlyTree(prompt.at(-1)!), NEVER);
        passes.push(performance.now() - passStart);
        row = Array.from({ length: target.vocabSize }, (_, token) => logits.logit(0, token));
        target.rewind();
      }
      return {
        numReused,
        promptMs,
        passMs: Math.min(...passes),
        row,
        numParked: target.parkedLengths.length,
      };
    };
    const alone = [];
    for (const prompt of prompts) {
      await target.prefill(new Int32Array(0), NEVER);
      alone.push(await visit(prompt));
    }
    await target.prefill(new Int32Array(0), NEVER);
    const first: (readonly number[])[] = [];
    for (const [turn, place] of [0, 1, 2, 0, 2, 1].entries()) {
      const fresh = alone[place]!;
      const here = await visit(prompts[place]!);
      const worst = here.row.reduce(
        (most, logit, token) => Math.max(most, Math.abs(logit - fresh.row[token]!)),
        0,
      );
      process.stdout.write(
        `${name}: ${here.numParked} parked, ${here.numReused} of ${prompts[place]!.length} tokens found; ` +
          `prompt ${here.promptMs.toFixed(0)} ms (alone ${fresh.promptMs.toFixed(0)}), ` +
          `a row ${here.passMs.toFixed(1)} ms (alone ${fresh.passMs.toFixed(1)}), logits differ by ${worst}\n`,
      );
      expect(worst).toBeLessThanOrEqual(TOLERANCE);
      if (turn < prompts.length) first[place] = here.row;
      else {
        expect(here.numReused).toBe(prompts[place]!.length - 1);
        expect(here.row.every((logit, token) => logit === first[place]![token])).toBe(true);
      }
    }
  },
);

/** The third planted fault: a draft cache that keeps rejected tokens cannot change the output, but is seen in the acceptance. */
import { expect, test } from "vitest";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { DraftModelDrafter } from "../../src/core/drafters/draftModelDrafter.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { LosslessBench } from "../support/losslessRun.ts";
import { openTarget } from "../support/models.ts";
import { CountingDrafter, StaleCacheTarget } from "../support/mutantTargets.ts";
import { NEVER } from "../support/never.ts";
import { realSpots } from "../support/packageSources.ts";
import { checkRealModels, REAL_DRAFT_PATH, REAL_TARGET_PATH } from "../support/realModels.ts";

const NUM_PROMPTS = 4;
const MAX_TOKENS = 16;
const NUM_PROMPT_TOKENS = 64;
const CHAIN = { maxTokens: 4, minSurvival: 0 };
const OPTIONS = { contextSize: 512, numThreads: 2 };

checkRealModels();

test("a stale cache of the 0.5B is seen in what the 1.5B accepts", async () => {
  using opened = await openTarget(REAL_TARGET_PATH, OPTIONS);
  using draft = await openTarget(REAL_DRAFT_PATH, OPTIONS);
  const bench = new LosslessBench(opened.model, opened.target, MAX_TOKENS);
  const limits = { maxTokens: MAX_TOKENS, isEndToken: () => false };

  async function acceptance(mutate: (draft: TargetModel) => TargetModel): Promise<number> {
    let numDrafted = 0;
    let numAccepted = 0;
    for (const spot of realSpots(NUM_PROMPTS, 7)) {
      const inner = new DraftModelDrafter(mutate(draft.target), CHAIN, bench.isEndToken);
      const drafter = new CountingDrafter(inner);
      const context = bench.prompt(spot, NUM_PROMPT_TOKENS);
      await speculativeDecode(
        {
          target: opened.target,
          drafters: [drafter],
          context,
          limits,
          maxDraftNodes: CHAIN.maxTokens,
          observer: { now: () => performance.now() },
        },
        NEVER,
      );
      numDrafted += drafter.numDrafted;
      numAccepted += drafter.numAccepted;
      await draft.target.prefill(new Int32Array(0), NEVER);
    }
    return numAccepted / numDrafted;
  }

  const inStep = await acceptance((target) => target);
  const stale = await acceptance((target) => new StaleCacheTarget(target));
  process.stdout.write(
    `draft tokens accepted: ${inStep.toFixed(2)}, with a stale cache ${stale.toFixed(2)}\n`,
  );
  expect(inStep).toBeGreaterThan(0.3);
  expect(stale).toBeLessThan(inStep * 0.7);
});

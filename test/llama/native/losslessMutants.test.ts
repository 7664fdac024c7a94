/** The lossless rule can fail: planted faults in verification, commit and draft cache are caught on real models. */
import { describe, expect, test } from "vitest";
import { DraftModelDrafter } from "../../../src/core/drafters/draftModelDrafter.ts";
import type { TargetModel } from "../../../src/core/tree/targetModel.ts";
import { LosslessBench, newTally } from "../../support/losslessRun.ts";
import { DRAFT_PATH, openTarget, TARGET_PATH } from "../../support/models.ts";
import {
  CountingDrafter,
  SecondBestTarget,
  StaleCacheTarget,
  WrongLeafTarget,
} from "../../support/mutantTargets.ts";
import { realSpots } from "../../support/packageSources.ts";

const NUM_PROMPTS = 24;
const MAX_TOKENS = 32;
const NUM_NODES = 8;
/** Chains that go on however unsure: many rejections, so a cache that keeps them goes astray. */
const UNSURE = { maxTokens: 6, minSurvival: 0 };

async function failuresWith(mutate: (target: TargetModel) => TargetModel): Promise<string[]> {
  using opened = await openTarget();
  using draft = await openTarget(DRAFT_PATH);
  const bench = new LosslessBench(opened.model, opened.target, MAX_TOKENS);
  const tally = newTally();
  for (const spot of realSpots(NUM_PROMPTS, 7)) {
    const context = bench.prompt(spot);
    const plain = await bench.plain(context);
    const drafters = bench.drafters(["recycling", "suffixMatch", "draftModel"], draft.target);
    const mutant = mutate(opened.target);
    await bench.compare(context, plain, drafters, NUM_NODES, tally, mutant);
    // A mutant leaves another text in the cache than it says: nothing of it may be reused.
    await opened.target.prefill(new Int32Array(0), new AbortController().signal);
  }
  return tally.failures;
}

describe("the lossless rule", () => {
  test("passes the unchanged target on the mutants' prompts", async () => {
    expect(await failuresWith((target) => target)).toEqual([]);
  });

  test("catches a target that accepts its second best token", async () => {
    const failures = await failuresWith((target) => new SecondBestTarget(target));
    expect(failures.length).toBeGreaterThan(NUM_PROMPTS / 4);
  });

  test("catches a commit of the wrong leaf", async () => {
    const failures = await failuresWith((target) => new WrongLeafTarget(target));
    expect(failures.length).toBeGreaterThan(0);
  });
});

/** A stale draft cache cannot change the output, only waste drafts: its mark is the acceptance. */
describe("DraftModelDrafter", () => {
  async function acceptanceWith(draftPath: string, mutate: (draft: TargetModel) => TargetModel) {
    using opened = await openTarget();
    using draft = await openTarget(draftPath);
    const bench = new LosslessBench(opened.model, opened.target, MAX_TOKENS);
    const tally = newTally();
    let numDrafted = 0;
    let numAccepted = 0;
    for (const spot of realSpots(NUM_PROMPTS, 7)) {
      const context = bench.prompt(spot);
      const plain = await bench.plain(context);
      const inner = new DraftModelDrafter(mutate(draft.target), UNSURE, bench.isEndToken);
      const drafter = new CountingDrafter(inner);
      await bench.compare(context, plain, [drafter], NUM_NODES, tally);
      numDrafted += drafter.numDrafted;
      numAccepted += drafter.numAccepted;
      await draft.target.prefill(new Int32Array(0), new AbortController().signal);
    }
    expect(tally.failures).toEqual([]);
    return numAccepted / numDrafted;
  }

  test("a target that drafts for itself is always accepted", async () => {
    expect(await acceptanceWith(TARGET_PATH, (draft) => draft)).toBeGreaterThan(0.97);
  });

  test("a stale cache is seen in the acceptance", async () => {
    const inStep = await acceptanceWith(DRAFT_PATH, (draft) => draft);
    const stale = await acceptanceWith(DRAFT_PATH, (draft) => new StaleCacheTarget(draft));
    process.stdout.write(
      `draft tokens accepted: ${inStep.toFixed(2)}, with a stale cache ${stale.toFixed(2)}\n`,
    );
    expect(stale).toBeLessThan(inStep * 0.9);
  });
});

/**
 * The sacred test: speculation never changes the target's output. Real models, real prompts, every set of
 * drafters, every type of weights. Near ties are printed with both logits.
 */
import { afterAll, describe, expect, test } from "vitest";
import { MeasuredPolicy } from "../../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../../src/core/budget/passCost.ts";
import { DRAFT_MODES } from "../../../src/core/tree/drafter.ts";
import { DRAFT_SOURCES } from "../../../src/core/tree/draftTree.ts";
import { DRAFTER_SETS, LosslessBench, MAX_RATE, newTally } from "../../support/losslessRun.ts";
import { DRAFT_PATH, openTarget, TEST_GPU } from "../../support/models.ts";
import { realSpots } from "../../support/packageSources.ts";
import { QUANT_TYPES, quantizedTarget } from "../../support/quantize.ts";

const NUM_PROMPTS = Number(process.env["TREELINE_LOSSLESS_PROMPTS"] ?? 64);
const TYPES = QUANT_TYPES.filter((type) =>
  (process.env["TREELINE_LOSSLESS_TYPES"] ?? type).split(",").includes(type),
);
const MAX_TOKENS = 32;
/** The default of the CPU, and a tree wide enough for many leaves. */
const NODE_LIMITS = [3, 12];
/** A t(n) at which a measured policy verifies few nodes or many, as their chances are. */
const NEARLY_FLAT = [
  { numRows: 1, ms: 1 },
  { numRows: 64, ms: 3 },
];

describe(`speculativeDecode on real models (gpu ${TEST_GPU})`, () => {
  const suite = { numTokens: 0, numNearTies: 0 };

  test.each(TYPES)("%s: every set of drafters gives plain decoding's output", async (type) => {
    using opened = await openTarget(await quantizedTarget(type));
    using draft = await openTarget(DRAFT_PATH);
    const bench = new LosslessBench(opened.model, opened.target, MAX_TOKENS);
    const total = newTally();
    const policy = new MeasuredPolicy(new PassCostTable(NEARLY_FLAT, 64));
    for (const [promptIndex, spot] of realSpots(NUM_PROMPTS, 20_261_121).entries()) {
      const context = bench.prompt(spot);
      const plain = await bench.plain(context);
      for (const [setIndex, sources] of DRAFTER_SETS.entries()) {
        const maxDraftNodes = NODE_LIMITS[(promptIndex + setIndex) % NODE_LIMITS.length]!;
        const mode = DRAFT_MODES[(promptIndex + setIndex) % DRAFT_MODES.length]!;
        const drafters = bench.drafters(sources, draft.target, mode);
        await bench.compare(context, plain, drafters, maxDraftNodes, total);
      }
      const drafters = bench.drafters(DRAFT_SOURCES, draft.target);
      await bench.compare(context, plain, drafters, policy, total);
    }
    const meanLength = 1 + total.numAccepted / total.numSteps;
    process.stdout.write(
      `lossless ${type} gpu=${TEST_GPU}: ${total.numTokens} tokens, ${total.failures.length} failures, ` +
        `${total.nearTies.length} near ties, mean acceptance length incl. bonus ${meanLength.toFixed(2)}\n` +
        total.nearTies.map((tie) => `  near tie at ${bench.describe(tie)}\n`).join(""),
    );
    expect(total.failures).toEqual([]);
    suite.numTokens += total.numTokens;
    suite.numNearTies += total.nearTies.length;
    // Else nothing was verified and the equality says nothing.
    expect(total.numAccepted).toBeGreaterThan(total.numSteps / 20);
  });

  // Over the whole suite: a tie in one prompt shows again in nearly every set of drafters.
  afterAll(() => {
    const { numTokens, numNearTies } = suite;
    process.stdout.write(`lossless suite: ${numNearTies} near ties in ${numTokens} tokens\n`);
    expect(numNearTies).toBeLessThanOrEqual(numTokens * MAX_RATE);
  });
});

/**
 * The structure where arithmetic is nearly exact: with the weights of the 0.5B in F32 speculation writes plain decoding's own
 * output, and where it does not, the target's two best tokens are all but equal.
 */
import { expect, test } from "vitest";
import { LosslessBench, newTally } from "../support/losslessRun.ts";
import { openTarget } from "../support/models.ts";
import { realSpots } from "../support/packageSources.ts";
import { quantizedCopy } from "../support/quantize.ts";
import { checkRealModels, REAL_DRAFT_PATH, REAL_MODELS_FOLDER } from "../support/realModels.ts";

const MAX_TOKENS = 32;
const NUM_TOKENS = 500;
const NUM_NODES = 5;
/** Two best logits that are closer than this may come out either way. */
const MAX_GAP = 0.01;

checkRealModels();

test("an F32 copy of the 0.5B: 500 tokens as plain decoding writes them", async () => {
  const path = await quantizedCopy(REAL_DRAFT_PATH, "F32", REAL_MODELS_FOLDER);
  using opened = await openTarget(path, { contextSize: 1024, numThreads: 2 });
  const bench = new LosslessBench(opened.model, opened.target, MAX_TOKENS, MAX_GAP);
  const tally = newTally();
  for (const spot of realSpots(NUM_TOKENS, 500)) {
    const context = bench.prompt(spot, 96);
    const plain = await bench.plain(context);
    // Without a draft model: its place is for those that bring other rows for nothing.
    const drafters = bench.drafters(["recycling", "suffixMatch", "ghost"], opened.target);
    await bench.compare(context, plain, drafters, NUM_NODES, tally);
    if (tally.numTokens >= NUM_TOKENS) break;
  }
  process.stdout.write(
    `structure, F32: ${tally.numTokens} tokens, ${tally.numAccepted} drafts accepted, ${tally.nearTies.length} ties under ${MAX_GAP}, ` +
      `${tally.failures.length} failures\n`,
  );
  expect(tally.failures).toEqual([]);
  expect(tally.nearTies.filter(({ gap }) => gap >= MAX_GAP)).toEqual([]);
  expect(tally.numTokens).toBeGreaterThanOrEqual(NUM_TOKENS);
  expect(tally.numAccepted).toBeGreaterThan(tally.numSteps / 10);
});

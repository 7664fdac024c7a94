/** Plain decoding repeats itself on quantized weights: the same request gives the same tokens, also on a busy machine. */
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { LosslessBench } from "../support/losslessRun.ts";
import { openTarget } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { realSpots } from "../support/packageSources.ts";
import { checkRealModels, REAL_DRAFT_PATH } from "../support/realModels.ts";

const NUM_RUNS = 50;
const MAX_TOKENS = 8;
const NUM_PROMPT_TOKENS = 80;
const observer = { now: () => performance.now() };

checkRealModels();

/** Keeps a core busy until it is disposed. */
function busyCore(): AsyncDisposable {
  const worker = new Worker("for (;;) {}", { eval: true });
  return {
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

test("50 of 50 requests from fresh caches give the same tokens, half of them beside a busy core", async () => {
  using opened = await openTarget(REAL_DRAFT_PATH, { contextSize: 512, numThreads: 2 });
  const { model, target } = opened;
  const bench = new LosslessBench(model, target, MAX_TOKENS);
  const limits = { maxTokens: MAX_TOKENS, isEndToken: bench.isEndToken };
  let numEqual = 0;
  let numSpeculativeEqual = 0;
  for (const [index, spot] of realSpots(5, 50).entries()) {
    const context = bench.prompt(spot, NUM_PROMPT_TOKENS);
    const decode = async () => {
      await target.prefill(new Int32Array(0), NEVER);
      return (await greedyDecode(target, context.promptTokens, limits, observer, NEVER)).tokens;
    };
    const first = await decode();
    expect(first.length).toBeGreaterThan(0);
    await using _ = index % 2 === 0 ? busyCore() : undefined;
    for (let run = 0; run < NUM_RUNS / 5; run++) {
      if (`${await decode()}` === `${first}`) numEqual++;
    }
    await target.prefill(new Int32Array(0), NEVER);
    const drafters = bench.drafters(["recycling", "suffixMatch"], target);
    const { tokens } = await speculativeDecode(
      { target, drafters, context, limits, maxDraftNodes: 5, observer },
      NEVER,
    );
    if (`${tokens}` === `${first}`) numSpeculativeEqual++;
  }
  process.stdout.write(
    `repeatable: ${numEqual} of ${NUM_RUNS} equal; with drafts ${numSpeculativeEqual} of 5 as without\n`,
  );
  expect(numEqual).toBe(NUM_RUNS);
});

/** A cancel frees the engine within one pass: counted in passes, on the real models, without the channel between. */
import { beforeAll, expect, test } from "vitest";
import { nullLog } from "../../src/core/base/log.ts";
import { KeptAnchors } from "../../src/core/prompt/keptAnchors.ts";
import { PromptSpeed } from "../../src/core/prompt/promptLength.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import {
  type GenerationStores,
  generateCompletion,
} from "../../src/engine/complete/generateCompletion.ts";
import { Healing } from "../../src/engine/complete/healing.ts";
import { loadModelPair, type ModelPair } from "../../src/engine/models/modelHost.ts";
import type {
  CompleteParams,
  CompletionResult,
} from "../../src/engine/protocol/completeMessages.ts";
import type { LlamaContext } from "../../src/llama/target/llamaContext.ts";
import { openContext } from "../../src/llama/target/llamaContext.ts";
import { LlamaTarget } from "../../src/llama/target/llamaTarget.ts";
import { PromptTokens } from "../../src/llama/text/promptTokens.ts";
import { LONG_REQUEST, PAIR } from "../support/builtEngine.ts";
import { newLearnedState } from "../support/learnedStates.ts";
import { TEST_GPU } from "../support/models.ts";
import { NEVER } from "../support/never.ts";

let pair: ModelPair;
beforeAll(async () => {
  pair = await loadModelPair(TEST_GPU, PAIR, () => {}, NEVER);
  return () => pair[Symbol.dispose]();
});

/** A target of its own on the pair's model, which tells of every native pass, prompt chunks included. */
async function openWatched(onPass: () => void): Promise<LlamaTarget> {
  const context = await openContext(pair.target.model, {
    contextSize: 2048,
    threads: { now: 1, most: 1 },
    backend: pair.loaded.backend,
  });
  const watched: LlamaContext = {
    ...context,
    decode(batch, numRows, signal) {
      onPass();
      return context.decode(batch, numRows, signal);
    },
  };
  return new LlamaTarget(watched);
}

function storesWith(target: TargetModel): GenerationStores {
  const { model } = pair.target;
  const own = { ...pair, target: { model, target: target as LlamaTarget } };
  return {
    pair: own,
    anchors: new KeptAnchors(),
    speed: new PromptSpeed(),
    healing: new Healing(own),
    learned: newLearnedState(model.vocabulary.size, (token) => model.vocabulary.pieceBytes(token)),
    promptTokens: new PromptTokens(model),
    passCost: undefined,
    log: nullLog,
    onPass: () => {},
  };
}

async function completeWith(
  target: TargetModel,
  signal = NEVER,
  request: CompleteParams = LONG_REQUEST,
): Promise<CompletionResult> {
  return generateCompletion(storesWith(target), request, () => {}, signal);
}

test.each([
  ["a completion", LONG_REQUEST],
  ["three suggestions", { ...LONG_REQUEST, numSuggestions: 3 }],
  ["a healed one", { ...LONG_REQUEST, heals: true }],
])(
  "after an abort in any pass of %s no further one begins, and the next completion is a fresh engine's",
  async (_, request) => {
    let numPasses = 0;
    let onPass = () => {};
    using target = await openWatched(() => {
      numPasses++;
      onPass();
    });
    const fresh = await completeWith(target);

    for (let last = 1; ; last++) {
      // Nothing in the cache, so that every attempt has the prompt's passes, too.
      await target.prefill(new Int32Array(0), NEVER);
      numPasses = 0;
      const controller = new AbortController();
      onPass = () => {
        if (numPasses === last) controller.abort();
      };
      const [outcome] = await Promise.allSettled([
        completeWith(target, controller.signal, request),
      ]);
      onPass = () => {};
      // Prompt chunks follow the machine's speed, so only now it is known how many passes there are.
      if (!controller.signal.aborted) {
        expect(last).toBeGreaterThan(fresh.stats.numSteps);
        break;
      }
      expect(outcome, `aborted in pass ${last}`).toMatchObject({
        status: "rejected",
        reason: { name: "AbortError" },
      });
      expect(numPasses).toBe(last);
      expect((await completeWith(target)).text, `after an abort in pass ${last}`).toBe(fresh.text);
    }
  },
);

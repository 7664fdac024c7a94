/** Requests whose prompts are anchored and healed, on the real tiny pair: at cursors anywhere, inside words, too. */
import { beforeAll, describe, expect, test } from "vitest";
import { findDifference } from "../../src/bench/speed/losslessCheck.ts";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { nullLog } from "../../src/core/base/log.ts";
import { KeptAnchors } from "../../src/core/prompt/keptAnchors.ts";
import type { PromptAnchor } from "../../src/core/prompt/promptAnchor.ts";
import { PromptSpeed } from "../../src/core/prompt/promptLength.ts";
import type { DraftSource } from "../../src/core/tree/draftTree.ts";
import {
  type GenerationStores,
  generateCompletion,
} from "../../src/engine/complete/generateCompletion.ts";
import { Healing } from "../../src/engine/complete/healing.ts";
import { loadModelPair, type ModelPair } from "../../src/engine/models/modelHost.ts";
import { buildCompletionPrompt } from "../../src/engine/prompt/completionPrompt.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { PromptTokens } from "../../src/llama/text/promptTokens.ts";
import { PAIR } from "../support/builtEngine.ts";
import { newLearnedState } from "../support/learnedStates.ts";
import { MAX_GAP } from "../support/losslessRun.ts";
import { TEST_GPU } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";

const NUM_PLACES = 40;
const ALL_SOURCES: readonly DraftSource[] = ["recycling", "suffixMatch", "ghost", "draftModel"];
const ANCHORS: readonly PromptAnchor[] = ["cursor", { linesUp: 0 }, { linesUp: 8 }, "file"];

let pair: ModelPair;
beforeAll(async () => {
  pair = await loadModelPair(TEST_GPU, PAIR, () => {}, NEVER);
  return () => pair[Symbol.dispose]();
});

function newStores(): GenerationStores {
  const { model } = pair.target;
  return {
    pair,
    learned: newLearnedState(model.vocabulary.size, (token) => model.vocabulary.pieceBytes(token)),
    promptTokens: new PromptTokens(model),
    anchors: new KeptAnchors(),
    speed: new PromptSpeed(),
    healing: new Healing(pair),
    passCost: undefined,
    log: nullLog,
  };
}

/** Cursors drawn anywhere in real sources. */
function drawRequests(): CompleteParams[] {
  const random = seededRandom(20_261_130);
  const files = packageSources();
  return Array.from({ length: NUM_PLACES }, (_, index) => {
    const { path, text } = files[Math.floor(random() * files.length)]!;
    const at = Math.floor(random() * text.length);
    return {
      prefixText: text.slice(0, at),
      suffixText: text.slice(at),
      filePath: path,
      maxTokens: 24,
      sources: [],
      heals: true,
      anchor: ANCHORS[index % ANCHORS.length]!,
    };
  });
}

const complete = (stores: GenerationStores, request: CompleteParams) =>
  generateCompletion(stores, request, () => {}, NEVER);

describe("healed requests", () => {
  test("write the pending text and go on from the cursor, with drafts as without", async () => {
    const { vocabulary } = pair.target.model;
    const [plain, drafted] = [newStores(), newStores()];
    let numPending = 0;
    let numNearTies = 0;
    for (const request of drawRequests()) {
      const prompt = buildCompletionPrompt(pair, new PromptTokens(pair.target.model), request);
      expect(request.prefixText.endsWith(prompt.pendingText)).toBe(true);
      const { tokens, pieces, suggestions } = await complete(plain, request);
      const written = vocabulary.detokenize(tokens);
      expect(written.startsWith(prompt.pendingText)).toBe(true);
      expect(prompt.pendingText + pieces.join("")).toBe(written.replace(/\uFFFD+$/, ""));
      expect(suggestions).toBeUndefined();
      const again = await complete(drafted, { ...request, sources: ALL_SOURCES });
      const difference = await findDifference(
        { target: pair.target.target, maxGap: MAX_GAP, isEndToken: pair.isEndToken },
        prompt.promptTokens,
        Int32Array.from(tokens),
        Int32Array.from(again.tokens),
        NEVER,
      );
      expect(difference?.isNearTie ?? true, JSON.stringify(difference)).toBe(true);
      if (difference !== undefined) numNearTies++;
      if (prompt.pendingText !== "") numPending++;
    }
    // A cursor drawn anywhere is hardly ever at a place that nothing can change.
    expect(numPending).toBeGreaterThan(NUM_PLACES / 2);
    expect(numNearTies).toBeLessThanOrEqual(NUM_PLACES / 10);
  });

  test.each(["branches", "superposedDraft", "superposedTarget"] as const)(
    "have several suggestions by %s, the first as alone",
    async (suggestionMethod) => {
      const stores = newStores();
      let numOthers = 0;
      for (const request of drawRequests().slice(0, NUM_PLACES / 2)) {
        const { text } = await complete(stores, request);
        const several = await complete(stores, { ...request, numSuggestions: 3, suggestionMethod });
        expect(several.text).toBe(text);
        const others = several.suggestions?.slice(1) ?? [];
        numOthers += others.length;
        for (const other of others) expect(Number.isFinite(other.logProb)).toBe(true);
      }
      expect(numOthers).toBeGreaterThan(0);
    },
  );

  test("a kept anchor stays over lines that are typed: every key only appends, and what is evaluated is what it appended", async () => {
    const prompts: number[][] = [];
    const stores = {
      ...newStores(),
      onPrompt: ({ tokens }: { readonly tokens: Int32Array }) => prompts.push(Array.from(tokens)),
    };
    const [{ prefixText, suffixText, ...rest }] = drawRequests() as [CompleteParams];
    const start = prefixText.slice(0, prefixText.lastIndexOf("\n") + 1);
    const typed = "  const found = items.find(\n    (item) => item.id === wanted,\n  );\n";
    for (let length = 1; length <= typed.length; length++) {
      const request = { ...rest, prefixText: start + typed.slice(0, length), suffixText };
      await complete(stores, {
        ...request,
        maxTokens: 1,
        anchor: { linesUp: 0 },
        keepsAnchor: true,
      });
    }
    for (const [index, tokens] of prompts.entries()) {
      const before = prompts[index - 1] ?? [];
      expect(tokens.slice(0, before.length)).toEqual(before);
    }
    // Without, a line's end moves the anchor, and with it everything behind.
    const moved = { ...rest, prefixText: start + typed, suffixText, anchor: { linesUp: 0 } };
    await complete(stores, { ...moved, maxTokens: 1 });
    const [last, other] = prompts.slice(-2) as [number[], number[]];
    expect(other.slice(0, last.length)).not.toEqual(last);
  });

  test("behind an anchor a key only appends to the prompt", () => {
    const tokens = new PromptTokens(pair.target.model);
    const [{ prefixText, suffixText, ...rest }] = drawRequests() as [CompleteParams];
    const start = prefixText.slice(0, prefixText.lastIndexOf("\n") + 1);
    const typed = "  const found = items.find((item) => item.id === wanted);";
    let before: number[] = [];
    for (let length = 1; length <= typed.length; length++) {
      const request = {
        ...rest,
        prefixText: start + typed.slice(0, length),
        suffixText,
        anchor: { linesUp: 0 },
      };
      const { promptTokens } = buildCompletionPrompt(pair, tokens, request);
      expect(Array.from(promptTokens.subarray(0, before.length))).toEqual(before);
      before = Array.from(promptTokens);
    }
  });
});

/** One request → one generation: prompt, drafters, decode, text. */

import { languageIdOfPath } from "../core/codeSyntax.ts";
import type { CursorText } from "../core/cursorContext.ts";
import type { DraftPolicy } from "../core/draftPolicy.ts";
import type { Log } from "../core/log.ts";
import type { RecyclingStore } from "../core/recyclingDrafter.ts";
import { speculativeDecode } from "../core/speculativeDecode.ts";
import { CompletionStopRule } from "../core/stopRules.ts";
import { streamableText, trimAt } from "../core/trimCompletion.ts";
import { PromptTokens } from "../llama/promptTokens.ts";
import { TokenDecoder } from "../llama/vocabulary.ts";
import { buildCompletionPrompt } from "./completionPrompt.ts";
import { createDrafters, draftBudget } from "./draftSetup.ts";
import type { ModelPair } from "./modelHost.ts";
import type { CompleteParams, CompletionChunk, CompletionResult } from "./protocol.ts";

/** What outlives a request. */
export interface GenerationStores {
  readonly pair: ModelPair;
  readonly recycling: RecyclingStore;
  readonly promptTokens: PromptTokens;
  /** Absent where t(n) was not measured. */
  readonly policy?: DraftPolicy | undefined;
  readonly log: Log;
  /** Called after each target pass that follows a prompt. */
  readonly onPass?: () => void;
}

/**
 * @throws EngineError, AbortError; at every throw the caches hold what was committed and the next request may follow.
 */
export async function generateCompletion(
  stores: GenerationStores,
  params: CompleteParams,
  onChunk: (chunk: CompletionChunk) => void,
  signal: AbortSignal,
): Promise<CompletionResult> {
  const start = performance.now();
  const { pair, log } = stores;
  const { model, target } = pair.target;
  const { vocabulary } = model;
  const reusesPrompt = params.reusesPrompt ?? true;
  if (!reusesPrompt) await emptyCaches(pair, signal);
  const promptTokens = reusesPrompt ? stores.promptTokens : new PromptTokens(model);
  const context = buildCompletionPrompt(pair, promptTokens, params);
  const promptEnd = performance.now();

  const stopDecoder = new TokenDecoder(vocabulary);
  const stopRule = new CompletionStopRule(cursorOf(params), (token) => stopDecoder.push(token));
  const pieceDecoder = new TokenDecoder(vocabulary);
  const pieces: string[] = [];
  let firstTokenMs = 0;
  let numSentChars = 0;
  let wasLineSent = false;
  const send = (text: string, endsLine: boolean) => {
    const isNews = text.length > numSentChars || (endsLine && !wasLineSent);
    if (!isNews || text.length < numSentChars) return;
    onChunk({ text: text.slice(numSentChars), endsLine });
    numSentChars = text.length;
    wasLineSent = endsLine;
  };
  const generation = await speculativeDecode(
    {
      target,
      drafters: createDrafters(pair, stores.recycling, params.sources),
      context,
      ...budgetOf(stores, params),
      limits: {
        // A prompt that leaves no room is refused by the prefill.
        maxTokens: Math.max(
          1,
          Math.min(params.maxTokens, target.contextSize - context.promptTokens.length),
        ),
        isEndToken: pair.isEndToken,
        stopRule,
      },
      observer: {
        now: () => performance.now(),
        onStep: () => stores.onPass?.(),
        onTokens(tokens) {
          if (firstTokenMs === 0) firstTokenMs = performance.now() - start;
          for (const token of tokens) pieces.push(pieceDecoder.push(token));
          if (stopRule.endCause === undefined) {
            const text = streamableText(stopRule.settledText, stopRule.context);
            send(text, stopRule.isSettledByLine && text !== "");
          }
        },
        onDrafterFailure(drafter, reason) {
          log("warn", `drafter-failed source=${drafter.source} reason=${JSON.stringify(reason)}`);
        },
      },
    },
    signal,
  );
  const { finishReason } = generation;
  const isUnfinished = finishReason === "maxTokens" || finishReason === "contextFull";
  const trimmed = trimAt(stopRule.rawText, stopRule.context, { isUnfinished });
  const text = "text" in trimmed ? trimmed.text : "";
  send(text, false);
  const totalMs = performance.now() - start;
  const phases = generation.stats.timings;
  return {
    text,
    ...("rejected" in trimmed ? { rejection: trimmed.rejected } : {}),
    tokens: generation.tokens,
    pieces,
    tokenSources: generation.tokenSources,
    finishReason,
    stats: generation.stats,
    timings: {
      totalMs,
      firstTokenMs: firstTokenMs === 0 ? totalMs : firstTokenMs,
      promptMs: promptEnd - start,
      prefillMs: phases.prefillMs,
      beginMs: phases.beginMs,
      decodeMs: totalMs - (promptEnd - start) - phases.prefillMs - phases.beginMs,
    },
  };
}

async function emptyCaches({ target, draft }: ModelPair, signal: AbortSignal): Promise<void> {
  for (const one of [target, draft]) await one?.target.prefill(new Int32Array(0), signal);
}

function cursorOf({
  prefixText,
  suffixText,
  languageId,
  filePath = "",
}: CompleteParams): CursorText {
  return { prefixText, suffixText, languageId: languageId ?? languageIdOfPath(filePath) };
}

/** Who asks for a number of nodes gets it; otherwise the measured cost decides. */
function budgetOf({ pair, policy }: GenerationStores, { maxDraftNodes }: CompleteParams) {
  return maxDraftNodes === undefined ? draftBudget(pair, policy) : { maxDraftNodes };
}

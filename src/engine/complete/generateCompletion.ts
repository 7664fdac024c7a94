/** One request → one generation: prompt, drafters, decode, text. */

import type { Log } from "../../core/base/log.ts";
import { concatTokens } from "../../core/base/tokens.ts";
import type { PassCostTable } from "../../core/budget/passCost.ts";
import { speculativeDecode } from "../../core/decode/speculativeDecode.ts";
import type { PromptShares } from "../../core/prompt/promptShares.ts";
import { confidenceOfLine } from "../../core/suggestions/confidence.ts";
import { languageIdOfPath } from "../../core/syntax/languageOfPath.ts";
import type { GenerationContext } from "../../core/tree/drafter.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import { DEFAULT_MAX_LOSS } from "../../core/tree/policyConstants.ts";
import type { WorkspaceStore } from "../indexing/workspaceStore.ts";
import type { LearnedState } from "../learned/learnedState.ts";
import { SuggestionMemory } from "../learned/suggestionMemory.ts";
import type { IdleReading, Reading } from "../prompt/idleReading.ts";
import { documentKeyOf, type PromptStores, requestPrompt } from "../prompt/requestPrompt.ts";
import type {
  CompleteParams,
  CompletionChunk,
  CompletionResult,
} from "../protocol/completeMessages.ts";
import { completionOutput } from "./completionOutput.ts";
import { createDrafters, type DraftMaterial, draftBudget } from "./draftSetup.ts";
import { gateOf } from "./gates.ts";
import type { Healing } from "./healing.ts";
import { otherSuggestions } from "./otherSuggestions.ts";
import { outputScores } from "./outputScores.ts";
import { isSecretDocument } from "./secretDocument.ts";
import { suggestionRules } from "./suggestionRules.ts";

/** Sources that learn from a document. */
const LEARNING_SOURCES: readonly DraftSource[] = ["recycling", "ghost"];

/** A prompt, and where it is from. */
export interface SeenPrompt {
  readonly tokens: Int32Array;
  readonly shares: PromptShares;
  readonly filePath: string | undefined;
}

/** What outlives a request. */
export interface GenerationStores extends PromptStores {
  readonly learned: LearnedState;
  /** Absent where there is none to draft from. */
  readonly workspace?: Pick<WorkspaceStore, "placeOf" | "isKnownSource"> &
    Partial<Pick<WorkspaceStore, "shownTo">>;
  readonly healing: Healing;
  /** Absent where t(n) was not measured. */
  readonly passCost: PassCostTable | undefined;
  readonly log: Log;
  /** Called with each prompt before it is evaluated. */
  readonly onPrompt?: (prompt: SeenPrompt) => void;
  /** Called after each target pass that follows a prompt. */
  readonly onPass?: () => void;
  /** Absent where nothing is read between requests. */
  readonly idleReading?: IdleReading;
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
  const { pair, learned, log } = stores;
  const { target } = pair.target;
  const asked = await requestPrompt(stores, params, signal);
  const { prompt: context, shares, numUnread } = asked;
  stores.onPrompt?.({ tokens: context.promptTokens, shares, filePath: params.filePath });
  const promptEnd = performance.now();
  const isSecret = isSecretDocument(params);
  const sources = isSecret ? without(params.sources, ...LEARNING_SOURCES) : params.sources;
  const isKept = !isSecret && stores.workspace?.isKnownSource(params) === true;
  const memory = learned.memoryOf(isKept);
  const documentKey = documentKeyOf(params);
  const material: DraftMaterial = {
    recycling: memory.recycling,
    workspace: stores.workspace?.placeOf(params),
    ghosts: documentKey === undefined ? undefined : { store: learned.ghosts, documentKey },
  };

  const pending = stores.healing.pendingOf(context);
  const { prefixText, suffixText, languageId = languageIdOfPath(params.filePath ?? "") } = params;
  const rules = suggestionRules(
    pair,
    { prefixText, suffixText, languageId },
    params.maxTokens,
    context.promptTokens.length,
    pending,
  );
  // The text around the cursor is read beside the prompt: the first token does not wait for it.
  setImmediate(() => {
    if (!signal.aborted) rules.readAhead();
  });
  const healStart = performance.now();
  const opening = await stores.healing.open(context, pending, signal);
  const healMs = performance.now() - healStart;
  const limits = rules.newLimits();
  const { stopRule } = limits;
  const { numSuggestions = 1 } = params;
  const others =
    numSuggestions > 1
      ? otherSuggestions({
          ...stores,
          request: params,
          context,
          opening,
          rules,
          newDrafters: () => createDrafters(pair, material, without(sources, "draftModel")),
          maxDraftNodes: sources.length === 0 ? 0 : budgetOf(stores, params).maxDraftNodes,
          memory: isSecret ? new SuggestionMemory() : memory.suggestions,
        })
      : undefined;
  const scores = outputScores(rules.pending, opening);
  const gate = gateOf(pair.loaded.target, params);
  const confidenceOf = (pieces: readonly string[]) =>
    gate && confidenceOfLine(gate, pieces, scores.logProbs);
  const output = completionOutput(rules.newDecoder(), stopRule, onChunk, confidenceOf);
  let firstTokenMs = 0;
  const generation = await speculativeDecode(
    {
      target,
      drafters: createDrafters(pair, material, sources),
      context,
      opening,
      ...budgetOf(stores, params),
      limits,
      observer: {
        now: () => performance.now(),
        onStep: () => stores.onPass?.(),
        onVerified(step) {
          scores.observe(step);
          others?.observe(step);
        },
        onTokens(tokens) {
          if (firstTokenMs === 0) firstTokenMs = performance.now() - start;
          output.push(tokens);
        },
        onDrafterFailure(drafter, reason) {
          log("warn", `drafter-failed source=${drafter.source} reason=${JSON.stringify(reason)}`);
        },
      },
    },
    signal,
  ).finally(() => {
    // Also what was cut off, and what was decoded until an abort: it may be suggested here again.
    if (!isSecret && documentKey !== undefined) {
      learned.ghosts.remember(documentKey, context.prefixTokens, output.tokens);
    }
    if (isKept) learned.learned();
    if (params.reusesPrompt === false) return;
    const ofDraft = sources.includes("draftModel")
      ? draftReading(stores, context, output.tokens)
      : [];
    stores.idleReading?.start([...ofDraft, ...asked.readings]);
  });
  const { finishReason } = generation;
  const confidence = confidenceOf(output.pieces);
  const trimmed = rules.trim(stopRule.rawText, finishReason);
  const text = "text" in trimmed ? trimmed.text : "";
  output.finish(text);
  const firstMs = performance.now() - start;
  // The last step may have brought more than was taken.
  const logProbs = Float32Array.from(scores.logProbs.slice(0, generation.tokens.length));
  const decodedOthers = await others?.decode({ ...generation, text, logProbs }, signal);
  const totalMs = performance.now() - start;
  const phases = generation.stats.timings;
  // Healing reads the prompt before decoding finds all of it.
  const numHeld = context.promptTokens.length - numUnread;
  const numReusedTokens = Math.min(generation.stats.numReusedTokens, numHeld);
  stores.speed.record(numUnread, healMs + phases.prefillMs);
  return {
    text,
    ...("rejected" in trimmed ? { rejection: trimmed.rejected } : {}),
    ...(confidence === undefined ? {} : { confidence }),
    ...decodedOthers,
    tokens: generation.tokens,
    pieces: output.pieces,
    tokenSources: generation.tokenSources,
    logProbs,
    finishReason,
    stats: { ...generation.stats, numReusedTokens },
    timings: {
      totalMs,
      firstTokenMs: firstTokenMs === 0 ? firstMs : firstTokenMs,
      promptMs: promptEnd - start,
      prefillMs: healMs + phases.prefillMs,
      beginMs: phases.beginMs,
      decodeMs: firstMs - (promptEnd - start) - healMs - phases.prefillMs - phases.beginMs,
      ...(decodedOthers && { othersMs: totalMs - firstMs }),
    },
  };
}

function without(sources: readonly DraftSource[], ...left: readonly DraftSource[]): DraftSource[] {
  return sources.filter((source) => !left.includes(source));
}

/** The draft model reads what was decoded, if it drafts at all: the next prompt here begins with that, or with most of it. */
function draftReading(
  { pair: { draft }, learned: { policy } }: GenerationStores,
  { promptTokens, draftPromptTokens = promptTokens }: GenerationContext,
  tokens: Int32Array,
): Reading[] {
  if (draft === undefined || policy?.isWanted("draftModel") === false) return [];
  return [{ model: draft.target, tokens: () => concatTokens(draftPromptTokens, tokens) }];
}

/** Who asks for a number of nodes gets it; otherwise the measured cost decides. */
function budgetOf({ pair, learned }: GenerationStores, request: CompleteParams) {
  const { maxDraftNodes, maxLossShare = DEFAULT_MAX_LOSS.share } = request;
  if (learned.policy !== undefined) learned.policy.maxLossShare = maxLossShare;
  return maxDraftNodes === undefined ? draftBudget(pair, learned.policy) : { maxDraftNodes };
}

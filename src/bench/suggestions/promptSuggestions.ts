/** One prompt of the suite `suggestions`: its first suggestion, then the others by each method. */

import { concatTokens } from "../../core/base/tokens.ts";
import type { DraftPolicy } from "../../core/budget/draftPolicy.ts";
import { greedyDecode } from "../../core/decode/greedyDecode.ts";
import { speculativeDecode } from "../../core/decode/speculativeDecode.ts";
import {
  type AlternativesParams,
  decodeAlternatives,
  decodeSuperposedAlternatives,
} from "../../core/suggestions/alternativeSuggestions.ts";
import { BranchPointCollector, type TokenText } from "../../core/suggestions/branchPoints.ts";
import type { ScoredSuggestion } from "../../core/suggestions/branchRun.ts";
import { NgramModel } from "../../core/suggestions/ngramModel.ts";
import { meanOf, rankSuggestions } from "../../core/suggestions/rankSuggestions.ts";
import { paperSettings } from "../../core/suggestions/superposedCandidates.ts";
import { NO_FLOORS, verifyDrafts } from "../../core/suggestions/verifyDrafts.ts";
import type { BranchedTarget } from "../../core/tree/branchedTarget.ts";
import { contextAfter, type Drafter, type GenerationContext } from "../../core/tree/drafter.ts";
import {
  type Generation,
  type GenerationLimits,
  OutputCollector,
} from "../../core/tree/generation.ts";
import type { OfferedSuggestion, SuggestionMethod, SuggestionsRun } from "./suggestionsFigures.ts";

/** A cursor with what was hidden behind it. */
export interface SuggestionPrompt {
  readonly context: GenerationContext;
  /** The rest of the cursor's line; blank where nothing of it was hidden. */
  readonly hiddenLine: string;
  /** Each call a fresh stop rule. */
  readonly newLimits: () => GenerationLimits;
  /** What would be shown, after the trim rules; empty where nothing would. */
  readonly textOf: (suggestion: Pick<Generation, "tokens" | "finishReason">) => string;
}

export interface SuggestionsBenchOptions {
  readonly target: BranchedTarget;
  /** Of the target's vocabulary; without it nothing is superposed on a draft. */
  readonly draft?: BranchedTarget;
  /** The first warms everything up and is not counted. */
  readonly prompts: readonly SuggestionPrompt[];
  /** k: suggestions asked for, the first included. */
  readonly counts: readonly number[];
  readonly text: TokenText;
  /** Drafters of the first suggestion, and of each that is decoded alone. */
  readonly drafters: () => readonly Drafter[];
  /** Drafters of each branch beside the first suggestion's text. */
  readonly branchDrafters: () => readonly Drafter[];
  readonly maxDraftNodes: number;
  /** Of the first suggestion, and of each that is decoded alone; absent: every draft is verified. */
  readonly policy?: DraftPolicy;
  /** What drafters learn beyond a decode. */
  readonly learned: LearnedStores;
  /** Measured ms of a pass by its rows. */
  readonly passMs: (numRows: number) => number;
  /** Token runs of the workspace, for the n-grams; the prompt and the first suggestion are learned anyway. */
  readonly workspace: readonly Int32Array[];
  /** Clock in ms. */
  readonly now: () => number;
  readonly onProgress: (numDone: number) => void;
}

/** Tokens of a superposed draft: the paper's recommended length. */
const SUPERPOSED_TOKENS = 10;

/** Whoever decodes a branch of a prompt must not find it memorised by who decoded it before. */
export interface LearnedStores {
  /** Remembers what was learned so far. */
  keep(): void;
  /** Goes back to what was kept last. */
  restore(): void;
}

export function hasLine({ hiddenLine }: SuggestionPrompt): boolean {
  return hiddenLine.trim() !== "";
}

type Suggestion = Pick<ScoredSuggestion, "tokens" | "finishReason">;

interface Decoded {
  readonly suggestions: readonly Suggestion[];
  readonly numPasses: number;
  /** None unless given. */
  readonly numStopped?: number;
  readonly numCut?: number;
}

/** One prompt, with its first suggestion once that is decoded. */
export class PromptBench {
  readonly #options: SuggestionsBenchOptions;
  readonly #prompt: SuggestionPrompt;
  #branchPoints: BranchPointCollector;
  #first: Generation | undefined;
  #ngrams: NgramModel | undefined;
  #plainMs = 0;
  #firstMs = 0;

  constructor(options: SuggestionsBenchOptions, prompt: SuggestionPrompt) {
    this.#options = options;
    this.#prompt = prompt;
    this.#branchPoints = new BranchPointCollector(options.text);
  }

  /** The prompt is in the cache before either is timed. */
  async decodeFirst(signal: AbortSignal): Promise<{ plainMs: number; firstMs: number }> {
    const { target, draft, learned, now } = this.#options;
    const { context, newLimits } = this.#prompt;
    const { promptTokens } = context;
    learned.restore();
    // Earlier prompts would be kept beside this one.
    for (const model of [target, draft]) await model?.prefill(new Int32Array(0), signal);
    await target.prefill(promptTokens.subarray(0, -1), signal);
    const plainStart = now();
    await greedyDecode(target, promptTokens, newLimits(), { now }, signal);
    this.#plainMs = now() - plainStart;
    const firstStart = now();
    this.#first = await this.#speculate(context, newLimits(), this.#branchPoints, signal);
    this.#firstMs = now() - firstStart;
    learned.keep();
    return { plainMs: this.#plainMs, firstMs: this.#firstMs };
  }

  async run(method: SuggestionMethod, count: number, signal: AbortSignal): Promise<SuggestionsRun> {
    const { target, draft, learned, now } = this.#options;
    const { context } = this.#prompt;
    const first = this.#first!;
    learned.restore();
    const { promptTokens } = context;
    // As after the first suggestion: it stands in the target's cache, the prompt in the draft's.
    await target.prefill(concatTokens(promptTokens, first.tokens).subarray(0, -1), signal);
    await draft?.prefill(promptTokens.subarray(0, -1), signal);
    this.#ngrams ??= this.#learnNgrams();
    const start = now();
    const { suggestions, numPasses, numStopped, numCut } = await this.#decode(
      method,
      count,
      this.#ngrams,
      signal,
    );
    const ms = now() - start + this.#firstMs;
    const { offered, dropped } = await this.#offer(suggestions, count, signal);
    return {
      method,
      count,
      timesOnePlain: ms / this.#plainMs,
      timesFirst: ms / this.#firstMs,
      numPasses: numPasses + first.stats.numSteps,
      offered,
      dropped,
      numStopped: numStopped ?? 0,
      numCut: numCut ?? 0,
      hiddenLine: hasLine(this.#prompt) ? this.#prompt.hiddenLine : undefined,
    };
  }

  /** The suggestions beside the first, and the target's passes for them. */
  async #decode(
    method: SuggestionMethod,
    count: number,
    ngrams: NgramModel,
    signal: AbortSignal,
  ): Promise<Decoded> {
    const { target, draft, maxDraftNodes, passMs, branchDrafters, text, now } = this.#options;
    const { context, newLimits, textOf } = this.#prompt;
    const first = this.#first!;
    if (method === "alone" || method === "alonePlain") {
      return this.#decodeAlone(method === "alonePlain", count, signal);
    }
    const params: AlternativesParams = {
      target,
      context,
      first,
      newLimits,
      draftersOf: branchDrafters,
      maxDraftNodes,
      passMs,
      observer: { now },
    };
    if (method === "branches") {
      const branchPoints = this.#branchPoints;
      const { stats, ...decoded } = await decodeAlternatives(
        { ...params, branchPoints, count: count - 1, textOf },
        signal,
      );
      return { ...decoded, numPasses: stats.numSteps };
    }
    const { suggestions, stats } = await decodeSuperposedAlternatives(
      {
        ...params,
        proposer: method === "superposedTarget" ? target : draft!,
        ngrams,
        settings: paperSettings(count, SUPERPOSED_TOKENS),
        endsDraft: text.isEndToken,
      },
      signal,
    );
    return { suggestions, numPasses: stats.numSteps };
  }

  /** The baseline: what branches would give, one after the other; cells that prompts share are reused. */
  async #decodeAlone(isPlain: boolean, count: number, signal: AbortSignal): Promise<Decoded> {
    const { target, now } = this.#options;
    const { context, newLimits } = this.#prompt;
    const first = this.#first!;
    const numTokens = first.tokens.length + (first.finishReason === "endToken" ? 1 : 0);
    const suggestions: Suggestion[] = [];
    let numPasses = 0;
    for (const point of this.#branchPoints.choose(count - 1, numTokens)) {
      const given = concatTokens(first.tokens.subarray(0, point.position), point.tokens);
      const limits = newLimits();
      const known = new OutputCollector(limits);
      for (const token of given) known.push(token, 0);
      if (known.finishReason !== undefined) {
        suggestions.push({ tokens: known.tokensFrom(0), finishReason: known.finishReason });
        continue;
      }
      const own = contextAfter(context, given);
      const rest = { ...limits, maxTokens: known.numRemaining };
      const { tokens, finishReason, stats } = isPlain
        ? await greedyDecode(target, own.promptTokens, rest, { now }, signal)
        : await this.#speculate(own, rest, undefined, signal);
      numPasses += stats.numSteps;
      suggestions.push({ tokens: concatTokens(given, tokens), finishReason });
    }
    return { suggestions, numPasses };
  }

  #speculate(
    context: GenerationContext,
    limits: GenerationLimits,
    branchPoints: BranchPointCollector | undefined,
    signal: AbortSignal,
  ): Promise<Generation> {
    const { target, drafters, maxDraftNodes, policy, now } = this.#options;
    const observer = {
      now,
      ...(branchPoints === undefined
        ? {}
        : { onVerified: branchPoints.observe.bind(branchPoints) }),
    };
    const params = { target, drafters: drafters(), context, limits, maxDraftNodes, observer };
    return speculativeDecode(policy === undefined ? params : { ...params, policy }, signal);
  }

  /** Not timed: an engine keeps its n-grams from request to request. */
  #learnNgrams(): NgramModel {
    const { context } = this.#prompt;
    const ngrams = new NgramModel();
    for (const tokens of this.#options.workspace) ngrams.learn(tokens);
    ngrams.learn(context.suffixTokens);
    ngrams.learn(context.prefixTokens);
    ngrams.learn(this.#first!.tokens);
    return ngrams;
  }

  /** What is offered, and why the rest is not, each scored by the target in a pass that no method is charged for. */
  async #offer(
    suggestions: readonly Suggestion[],
    count: number,
    signal: AbortSignal,
  ): Promise<Pick<SuggestionsRun, "offered" | "dropped">> {
    const { target } = this.#options;
    const { context, textOf } = this.#prompt;
    const { promptTokens } = context;
    const keptTokens = this.#first!.tokens;
    const scored: OfferedSuggestion[] = [];
    for (const suggestion of [this.#first!, ...suggestions]) {
      const drafts = [suggestion.tokens];
      const [verified] = await verifyDrafts(
        { target, promptTokens, keptTokens, drafts, floors: NO_FLOORS },
        signal,
      );
      scored.push({
        text: textOf(suggestion),
        numTokens: suggestion.tokens.length,
        meanLogProb: meanOf(verified!.logProbs),
      });
    }
    const [first, ...others] = scored;
    const isEmpty = first!.text === "";
    const ranked = rankSuggestions(isEmpty ? undefined : first, others, { count });
    const dropped = ranked.dropped.map(({ reason }) => reason);
    return { offered: ranked.offered, dropped: isEmpty ? ["empty", ...dropped] : dropped };
  }
}

/**
 * The suggestions beside the first, of one request: watches how the first is decoded, then has the others proposed and
 * finished by the target, and ranks them all. Which proposals there are, `core/suggestions/alternativeSuggestions.ts` says.
 */

import type { Log } from "../../core/base/log.ts";
import type { PassCostTable } from "../../core/budget/passCost.ts";
import {
  type AlternativesParams,
  decodeAlternatives,
  decodeSuperposedAlternatives,
} from "../../core/suggestions/alternativeSuggestions.ts";
import { BranchPointCollector } from "../../core/suggestions/branchPoints.ts";
import { meanOf, rankSuggestions } from "../../core/suggestions/rankSuggestions.ts";
import { paperSettings } from "../../core/suggestions/superposedCandidates.ts";
import type { Drafter, GenerationContext, VerifiedStep } from "../../core/tree/drafter.ts";
import type { Generation } from "../../core/tree/generation.ts";
import type { Opening } from "../../core/tree/opening.ts";
import type { SuggestionMemory } from "../learned/suggestionMemory.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { CompletionResult } from "../protocol/completeMessages.ts";
import type { CompletedSuggestion, SuggestionsRequest } from "../protocol/suggestionMessages.ts";
import type { SuggestionRules } from "./suggestionRules.ts";

/** Tokens of a superposed draft: the paper's recommended length. */
const SUPERPOSED_TOKENS = 10;

export interface OtherSuggestionsSetting {
  readonly pair: ModelPair;
  readonly request: SuggestionsRequest;
  readonly context: GenerationContext;
  /** What the first begins with. */
  readonly opening: Opening | undefined;
  readonly rules: SuggestionRules;
  /** Of one branch; without the draft model, which has one cache. Fresh ones each time. */
  readonly newDrafters: () => readonly Drafter[];
  readonly maxDraftNodes: number;
  /** Absent where t(n) was not measured. */
  readonly passCost: PassCostTable | undefined;
  readonly memory: SuggestionMemory;
  readonly log: Log;
}

export function otherSuggestions(setting: OtherSuggestionsSetting) {
  const { pair, request, context, opening, rules, newDrafters, maxDraftNodes, passCost, memory } =
    setting;
  const { vocabulary } = pair.target.model;
  const utf8 = new TextDecoder();
  const pieceOf = (token: number) => utf8.decode(vocabulary.pieceBytes(token));
  const { isEndToken } = pair;
  const branchPoints = new BranchPointCollector({ pieceOf, isEndToken }, rules.pending);
  if (opening !== undefined) branchPoints.open(opening);
  return {
    /** A step of the first suggestion, its logits still valid. */
    observe: (step: VerifiedStep) => branchPoints.observe(step),
    /**
     * All suggestions, the first foremost, and why others that were decoded are not among them.
     * @param first - decoded to its end, with what is shown of it; none where that is empty.
     * @throws EngineError of the target; AbortError. The caches hold prompt and first suggestion then.
     */
    async decode(
      first: Generation & { readonly text: string; readonly logProbs: Float32Array },
      signal: AbortSignal,
    ): Promise<Pick<CompletionResult, "suggestions" | "droppedSuggestions">> {
      if (first.text === "") return { suggestions: [], droppedSuggestions: [] };
      const { numSuggestions: count = 1, suggestionMethod = "branches" } = request;
      const target = pair.target.target;
      const params: AlternativesParams = {
        target,
        context,
        first,
        newLimits: () => rules.newLimits(),
        draftersOf: newDrafters,
        maxDraftNodes,
        ...(passCost === undefined ? {} : { passMs: (numRows: number) => passCost.ms(numRows) }),
        calibration: memory.calibration,
        observer: {
          now: () => performance.now(),
          onDrafterFailure: ({ source }, reason) =>
            setting.log(
              "warn",
              `drafter-failed branch source=${source} reason=${JSON.stringify(reason)}`,
            ),
        },
      };
      const isMissing = suggestionMethod === "superposedDraft" && pair.draft === undefined;
      const source = isMissing ? "branches" : suggestionMethod;
      const { textOf } = rules;
      const { suggestions } =
        source === "branches"
          ? await decodeAlternatives({ ...params, branchPoints, count: count - 1, textOf }, signal)
          : await decodeSuperposedAlternatives(
              {
                ...params,
                proposer: source === "superposedDraft" ? (pair.draft?.target ?? target) : target,
                ngrams: memory.ngramsOf(context, first.tokens),
                settings: paperSettings(count, SUPERPOSED_TOKENS),
                endsDraft: pair.isEndToken,
              },
              signal,
            );
      const others = suggestions.map((suggestion) => ({
        text: textOf(suggestion),
        meanLogProb: meanOf(suggestion.logProbs),
        source,
      }));
      const meanLogProb = meanOf(Float64Array.from(first.logProbs));
      const greedy = { text: first.text, meanLogProb, source: "greedy" as const };
      const { offered, dropped } = rankSuggestions<
        Omit<CompletedSuggestion, "logProb"> & { meanLogProb: number }
      >(greedy, others, { count });
      return {
        suggestions: offered.map(({ meanLogProb: logProb, ...rest }) => ({ ...rest, logProb })),
        droppedSuggestions: dropped.map(({ reason }) => reason),
      };
    },
  };
}

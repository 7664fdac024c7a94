/** What is counted, in one flat record per day and language, so that books add up by adding numbers. Pure. */
import { DRAFT_SOURCES, type DraftSource } from "../../core/tree/draftTree.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import { SUGGESTION_RANKS, type SuggestionRank } from "../../engine/protocol/suggestionMessages.ts";

/**
 * - `shown` suggestions that stood on the screen for the dwell time, `accepted` those of which anything was taken;
 * - `acceptedRank.*` these by the place among the suggestions that were offered together, the first being 1;
 * - `partialAccepts` each time a word or line was taken; `acceptedCharacters` whatever was taken;
 * - `judgedCharacters` accepted ones that were looked at again later, `keptCharacters` those still there then;
 * - `tokens` and `steps` of the generations behind the suggestions; steps are passes of the target;
 * - `decodeMs` what these took, `plainMs` what one token per measured pass would have taken;
 * - `draftsVerified.*` and `draftsAccepted.*` nodes by drafter; a node of two drafters counts for both.
 */
export type CounterName =
  | "shown"
  | "accepted"
  | `acceptedRank.${SuggestionRank}`
  | "partialAccepts"
  | "acceptedCharacters"
  | "judgedCharacters"
  | "keptCharacters"
  | "completions"
  | "tokens"
  | "steps"
  | "decodeMs"
  | "plainMs"
  | `draftsVerified.${DraftSource}`
  | `draftsAccepted.${DraftSource}`;

/** Absent means 0. */
export type Counters = Readonly<Partial<Record<CounterName, number>>>;

export function addCounters(a: Counters, b: Counters): Counters {
  const sum: Record<string, number> = { ...a };
  for (const [name, value] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

/** The counters of one generation, whoever gets to see it. */
export function countersOfGeneration({ stats, timings }: CompletionResult): Counters {
  const { evaluateMs, verifyMs, commitMs } = stats.timings;
  const passMs = stats.numSteps === 0 ? 0 : (evaluateMs + verifyMs + commitMs) / stats.numSteps;
  const drafts = DRAFT_SOURCES.flatMap((source) => [
    [`draftsVerified.${source}`, stats.bySource[source].numVerified],
    [`draftsAccepted.${source}`, stats.bySource[source].numAccepted],
  ]);
  return {
    completions: 1,
    tokens: stats.numCommittedTokens,
    steps: stats.numSteps,
    decodeMs: timings.decodeMs,
    plainMs: passMs * stats.numCommittedTokens,
    ...Object.fromEntries(drafts),
  };
}

/** What people are shown. Undefined where nothing was counted yet. */
export type Figures = Readonly<ReturnType<typeof figuresOf>>;

export function figuresOf(counters: Counters) {
  const of = (name: CounterName) => counters[name] ?? 0;
  return {
    shown: of("shown"),
    accepted: of("accepted"),
    /** [ranks] of these; empty where nobody took any but the first. */
    acceptedByRank: acceptedByRank(counters),
    partialAccepts: of("partialAccepts"),
    acceptedCharacters: of("acceptedCharacters"),
    /** 0 … 1, of the suggestions shown. */
    acceptance: of("shown") === 0 ? undefined : of("accepted") / of("shown"),
    keptCharacters: of("keptCharacters"),
    judgedCharacters: of("judgedCharacters"),
    tokens: of("tokens"),
    /** Mean acceptance length, bonus token included. */
    tokensPerPass: of("steps") === 0 ? undefined : of("tokens") / of("steps"),
    /** Estimated, against plain decoding; negative where speculation cost time. */
    savedMs: of("steps") === 0 ? undefined : of("plainMs") - of("decodeMs"),
    decodeMs: of("decodeMs"),
    drafts: DRAFT_SOURCES.map((source) => ({
      source,
      verified: of(`draftsVerified.${source}`),
      accepted: of(`draftsAccepted.${source}`),
    })).filter(({ verified }) => verified > 0),
  };
}

function acceptedByRank(counters: Counters): number[] {
  const counts = SUGGESTION_RANKS.map((rank) => counters[`acceptedRank.${rank}`] ?? 0);
  const last = counts.findLastIndex((count) => count > 0);
  return last < 1 ? [] : counts.slice(0, last + 1);
}

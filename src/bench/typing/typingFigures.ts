/** How soon ghost text comes in the pauses of somebody who types, and whether caches make anybody wait longer. Pure. */
import { type CensoredTime, censoredQuantile } from "../base/censoredTimes.ts";
import { clusteredShare } from "../base/clusterBounds.ts";
import { MIN_BOUNDED_VALUES, percentileBounds } from "../base/statistics.ts";
import { type DrawnPause, MAX_PAUSE_MS } from "./typingReplay.ts";

/** What was seen in a pause of a script, which is the same in every mode. */
export interface TypingPause extends DrawnPause {
  /** From the key to the next as it was, in ms. */
  readonly pauseMs: number;
  /**
   * From the key until ghost text stood there that stayed to the end of the pause, in ms, every wait before the question
   * included; 0 where it was typed into. Null without.
   */
  readonly ghostMs: number | null;
  /** Where that came from (`onScreen`: it was typed into), or why there was none (`cutOff`: the next key came first). */
  readonly origin: string;
}

/** Tokens of a prompt that are read at a place whose prompt is there. */
export const WARM_TOKENS = 32;

/** What typing cost the engine. */
export interface EngineCounts {
  readonly numGenerations: number;
  /** Generations that ended before they were done. */
  readonly numCancelled: number;
  /** Target passes after the prompts, cancelled generations included. */
  readonly numPasses: number;
  /** Of those, passes of generations whose text was never shown. */
  readonly numWastedPasses: number;
  /** Prompt tokens of the finished generations, and how many the KV cache held already. */
  readonly numPromptTokens: number;
  readonly numReusedTokens: number;
  /** Finished generations of a first suggestion, and how many of them read {@link WARM_TOKENS} of their prompt at most. */
  readonly numAsked: number;
  readonly numWarm: number;
  readonly numAcceptedSuggestions: number;
}

/** What one script did to the engine. */
export interface TypingRun extends EngineCounts {
  readonly pauses: readonly TypingPause[];
}

/** The same keystrokes with everything that is kept, with the prompt's KV cells alone, and with nothing kept. */
export const TYPING_MODES = ["withCaches", "promptOnly", "withoutCaches"] as const;
export type TypingMode = (typeof TYPING_MODES)[number];

/** What one script did in every mode. */
export interface TypingSession {
  readonly seed: number;
  readonly runs: Readonly<Record<TypingMode, TypingRun>>;
}

/** Pauses that are judged together, by the time that was drawn: the same ones in every mode. */
export const PAUSE_GROUPS = {
  long: ({ place, drawnMs }) => place > 0 && drawnMs >= 1000,
  longer: ({ place, drawnMs }) => place > 0 && drawnMs >= 1500,
  fresh: ({ place, drawnMs }) => place === 0 && drawnMs >= 1000,
  short: ({ drawnMs }) => drawnMs < 1000,
} as const satisfies Record<string, (pause: DrawnPause) => boolean>;
export type PauseGroup = keyof typeof PAUSE_GROUPS;

/** Limits within which ghost text is wanted, in ms. */
export const QUICK_MS = 600;
export const SOON_MS = 1200;

export type PauseFigures = ReturnType<typeof pauseFigures>;
export type TypingFigures = ReturnType<typeof typingFigures>;

/** @param sessions - of one mode. */
export function typingFigures(sessions: readonly TypingRun[], seed: number) {
  const groupOf = (group: PauseGroup) => pauseFigures(sessions, PAUSE_GROUPS[group], seed);
  const origins: Record<string, number> = {};
  for (const { origin } of sessions.flatMap(({ pauses }) => pauses.filter(PAUSE_GROUPS.long))) {
    origins[origin] = (origins[origin] ?? 0) + 1;
  }
  const sum = (of: (run: TypingRun) => number) =>
    sessions.reduce((total, run) => total + of(run), 0);
  const numPromptTokens = sum((run) => run.numPromptTokens);
  const numReusedTokens = sum((run) => run.numReusedTokens);
  return {
    groups: {
      long: groupOf("long"),
      longer: groupOf("longer"),
      fresh: groupOf("fresh"),
      short: groupOf("short"),
    },
    /** Of the long pauses: counts by origin, or by reason for none. */
    origins,
    numGenerations: sum((run) => run.numGenerations),
    numCancelled: sum((run) => run.numCancelled),
    numPasses: sum((run) => run.numPasses),
    numWastedPasses: sum((run) => run.numWastedPasses),
    numPromptTokens,
    numReusedTokens,
    numAsked: sum((run) => run.numAsked),
    numWarm: sum((run) => run.numWarm),
    /** 0 … 1. */
    kvReuse: numPromptTokens === 0 ? null : numReusedTokens / numPromptTokens,
    numAcceptedSuggestions: sum((run) => run.numAcceptedSuggestions),
  };
}

/** Null where there are no pauses. Bounds are of 95 %, from drawing whole sessions again. */
function pauseFigures(
  sessions: readonly TypingRun[],
  isMeant: (pause: DrawnPause) => boolean,
  seed: number,
) {
  const pauses = sessions.flatMap((session, index) =>
    session.pauses.filter(isMeant).map((pause) => ({ cluster: String(index), pause })),
  );
  const share = (isSo: (ghostMs: number) => boolean) =>
    clusteredShare(
      pauses.map(({ cluster, pause: { ghostMs } }) => ({
        cluster,
        isSo: ghostMs !== null && isSo(ghostMs),
      })),
      seed,
    );
  const times = pauses.map(({ pause }) => timeToGhostText(pause));
  return {
    numPauses: pauses.length,
    /** Shares of the pauses with ghost text within {@link QUICK_MS}, within {@link SOON_MS}, before the end. */
    quick: share((ms) => ms <= QUICK_MS),
    soon: share((ms) => ms <= SOON_MS),
    beforeEnd: share(() => true),
    /** Time to ghost text, where a pause without took longer than itself. */
    p50: censoredQuantile(times, 0.5),
    p95: censoredQuantile(times, 0.95),
  };
}

/** A pause without ghost text took longer than itself. */
function timeToGhostText({ ghostMs, pauseMs }: TypingPause): CensoredTime {
  return ghostMs === null ? { ms: pauseMs, isCut: true } : { ms: ghostMs, isCut: false };
}

/** Times that differ by less are alike, in ms: nobody sees it. */
const ALIKE_MS = 50;

/**
 * Ghost text is not later with all caches: `held`; later, and the bounds say so: `missed`; later by less than the bounds
 * tell: `open`; longer than any pause in both: `unknown`.
 */
export type NeverWorse = "held" | "missed" | "open" | "unknown";

/** A quantile of the time to ghost text with all caches, less that of the other mode. */
export interface QuantileDifference {
  /** In ms; a time beyond {@link MAX_PAUSE_MS}, or beyond what was watched, counts as that. Null without pauses. */
  readonly differenceMs: number | null;
  /** 95 % bounds, from drawing whole sessions again; null of too few sessions. */
  readonly bounds: { readonly low: number; readonly high: number } | null;
  readonly verdict: NeverWorse;
}

export type TypingComparison = ReturnType<typeof compareModes>;

interface PausePair {
  readonly withCaches: TypingPause;
  readonly other: TypingPause;
}

/** Compares all caches with another mode, long pause by long pause of the same scripts. */
export function compareModes(
  sessions: readonly TypingSession[],
  mode: Exclude<TypingMode, "withCaches">,
  seed: number,
) {
  const pairs = sessions.map(({ runs }) => pairsOf(runs.withCaches, runs[mode]));
  const gains = pairs.flat().map(gainMs);
  return {
    numPauses: gains.length,
    p50: quantileDifference(pairs, 0.5, seed),
    p95: quantileDifference(pairs, 0.95, seed),
    /** Pauses in which ghost text came sooner with all caches, or later, by more than {@link ALIKE_MS}. */
    numSooner: gains.filter((ms) => ms > ALIKE_MS).length,
    numLater: gains.filter((ms) => ms < -ALIKE_MS).length,
  };
}

function pairsOf(withCaches: TypingRun, other: TypingRun): PausePair[] {
  const byStep = new Map(other.pauses.map((pause) => [pause.step, pause]));
  return withCaches.pauses.filter(PAUSE_GROUPS.long).flatMap((pause) => {
    const same = byStep.get(pause.step);
    return same === undefined ? [] : [{ withCaches: pause, other: same }];
  });
}

/** How much sooner ghost text came with all caches, in ms; none is later than any. */
function gainMs({ withCaches, other }: PausePair): number {
  if (withCaches.ghostMs === other.ghostMs) return 0;
  if (withCaches.ghostMs === null) return Number.NEGATIVE_INFINITY;
  return (other.ghostMs ?? Number.POSITIVE_INFINITY) - withCaches.ghostMs;
}

function quantileDifference(
  sessions: readonly (readonly PausePair[])[],
  share: number,
  seed: number,
): QuantileDifference {
  const watched = sessions.filter((pairs) => pairs.length > 0);
  if (watched.length === 0) return { differenceMs: null, bounds: null, verdict: "unknown" };
  const quantileOf = (drawn: typeof sessions, mode: keyof PausePair) => {
    const times = drawn.flat().map((pair) => timeToGhostText(pair[mode]));
    return boundedQuantile(times, share);
  };
  const differenceOf = (drawn: typeof sessions) =>
    quantileOf(drawn, "withCaches") - quantileOf(drawn, "other");
  const differenceMs = differenceOf(watched);
  const bounds =
    watched.length < MIN_BOUNDED_VALUES ? null : percentileBounds(watched, differenceOf, seed);
  const isUnknown =
    quantileOf(watched, "withCaches") === MAX_PAUSE_MS &&
    quantileOf(watched, "other") === MAX_PAUSE_MS;
  return {
    differenceMs,
    bounds,
    verdict: isUnknown ? "unknown" : verdictOf(differenceMs, bounds),
  };
}

function verdictOf(differenceMs: number, bounds: QuantileDifference["bounds"]): NeverWorse {
  if (differenceMs <= 0) return "held";
  return bounds !== null && bounds.low > 0 ? "missed" : "open";
}

/** Cut at the longest pause that is drawn, so that differences are finite. */
function boundedQuantile(times: readonly CensoredTime[], share: number): number {
  const found = censoredQuantile(times, share);
  if (found === null || found.isBeyond) return MAX_PAUSE_MS;
  return Math.min(found.ms, MAX_PAUSE_MS);
}

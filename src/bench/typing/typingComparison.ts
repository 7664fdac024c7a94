/** Whether all caches make nobody wait longer: the same pauses in two modes. Pure. */
import { type CensoredTime, censoredQuantile } from "../base/censoredTimes.ts";
import { MIN_BOUNDED_VALUES, percentileBounds } from "../base/statistics.ts";
import {
  PAUSE_GROUPS,
  type TypingMode,
  type TypingPause,
  type TypingRun,
  type TypingSession,
  timeToGhostText,
} from "./typingFigures.ts";
import { MAX_PAUSE_MS } from "./typingReplay.ts";

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

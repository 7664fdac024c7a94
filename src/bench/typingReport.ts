/** Figures of replayed typing. Pure; the JSON of `treeline bench --suite typing` is {@link TypingReport}. */
import { markdownText } from "../core/foreignText.ts";
import { disturbance } from "./busyMeter.ts";
import { busyParts } from "./doubts.ts";
import { quantile } from "./statistics.ts";

/** Of fewer times the 95th percentile is the largest. */
const MIN_P95_VALUES = 20;

/** What one question of the replay got. */
export interface TypingAnswer {
  /** `key` for a keystroke; `second` for the editor's call after the ghost text is there. */
  readonly call: "key" | "second";
  /** Origin of the suggestion, or why there was none. */
  readonly answer: string;
  readonly isSuggestion: boolean;
  /** From the keystroke (or the second call) until the answer was there, in ms. */
  readonly latencyMs: number;
}

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
  readonly numAcceptedSuggestions: number;
}

/** What one script did to the engine. */
export interface TypingRun extends EngineCounts {
  readonly answers: readonly TypingAnswer[];
}

/** In ms; NaN-free: null where nothing was measured. */
export interface LatencyFigures {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

export interface TypingFigures extends EngineCounts {
  /** Keystrokes that asked. */
  readonly numKeys: number;
  /** Keystrokes that got a suggestion before the next key. */
  readonly numSuggestions: number;
  /** From keystroke to answer, over those. */
  readonly timeToGhostText: LatencyFigures;
  /** Of those, the ones typed into a suggestion. */
  readonly typedThrough: LatencyFigures;
  /** The editor's second call, where it got a suggestion. */
  readonly secondCall: LatencyFigures;
  /** Of the keystrokes: counts by origin, or by reason for none. */
  readonly answers: Readonly<Record<string, number>>;
  /** numReusedTokens / numPromptTokens, 0 … 1. */
  readonly kvReuse: number | null;
}

/** The same keystrokes with everything that is kept, with the prompt's KV cells alone, and with nothing kept. */
export const TYPING_MODES = ["withCaches", "promptOnly", "withoutCaches"] as const;
export type TypingMode = (typeof TYPING_MODES)[number];

export const TYPING_MODE_NAMES: Readonly<Record<TypingMode, string>> = {
  withCaches: "with caches",
  promptOnly: "prompt only",
  withoutCaches: "without",
};

/** Of times to ghost text: another mode's over those with all caches. Above 1 is faster with. */
export interface TypingRatios {
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface TypingReport extends Record<TypingMode, TypingFigures> {
  readonly suite: "typing";
  readonly seed: number;
  readonly numSessions: number;
  /** Sessions that all modes finished. */
  readonly numMeasured: number;
  readonly target: string;
  readonly draft: string | null;
  readonly backend: string;
  /** [sessions begun] share of the cores that others used just before each, 0 … 1. */
  readonly othersShares: readonly number[];
  /** Why the figures are to be doubted. */
  readonly warnings: readonly string[];
  readonly ratios: Readonly<Record<Exclude<TypingMode, "withCaches">, TypingRatios>>;
}

/** @param sessions - what each session's script did in each mode. */
export function typingReport(
  sessions: readonly Readonly<Record<TypingMode, TypingRun>>[],
  about: Omit<TypingReport, "suite" | "numMeasured" | "warnings" | "ratios" | TypingMode>,
): TypingReport {
  const figuresOf = (mode: TypingMode) => typingFigures(sessions.map((runs) => runs[mode]));
  const figures = {
    withCaches: figuresOf("withCaches"),
    promptOnly: figuresOf("promptOnly"),
    withoutCaches: figuresOf("withoutCaches"),
  };
  const best = figures.withCaches.timeToGhostText;
  const ratiosTo = ({ timeToGhostText }: TypingFigures): TypingRatios => ({
    p50: ratioOf(timeToGhostText.p50Ms, best.p50Ms),
    p95: ratioOf(timeToGhostText.p95Ms, best.p95Ms),
  });
  return {
    suite: "typing",
    ...about,
    numMeasured: sessions.length,
    ...figures,
    warnings: typingWarnings(figures, about.othersShares),
    ratios: {
      promptOnly: ratiosTo(figures.promptOnly),
      withoutCaches: ratiosTo(figures.withoutCaches),
    },
  };
}

function typingWarnings(
  figures: Readonly<Record<TypingMode, TypingFigures>>,
  othersShares: readonly number[],
): string[] {
  const numTimes = Math.min(...TYPING_MODES.map((mode) => figures[mode].timeToGhostText.count));
  return [
    ...busyParts(disturbance(othersShares), othersShares.length, "sessions", "before"),
    ...(numTimes < MIN_P95_VALUES
      ? [
          `A mode has ${numTimes} times to ghost text, too few for a p95: what stands there is the largest.`,
        ]
      : []),
  ];
}

export function typingFigures(runs: readonly TypingRun[]): TypingFigures {
  const all = runs.flatMap(({ answers }) => answers);
  const keys = all.filter(({ call }) => call === "key");
  const suggestions = keys.filter(({ isSuggestion }) => isSuggestion);
  const answers: Record<string, number> = {};
  for (const { answer } of keys) answers[answer] = (answers[answer] ?? 0) + 1;
  const sum = (of: (run: TypingRun) => number) => runs.reduce((total, run) => total + of(run), 0);
  const numPromptTokens = sum((run) => run.numPromptTokens);
  const numReusedTokens = sum((run) => run.numReusedTokens);
  return {
    numKeys: keys.length,
    numSuggestions: suggestions.length,
    timeToGhostText: latencies(suggestions),
    typedThrough: latencies(suggestions.filter(({ answer }) => answer === "typedThrough")),
    secondCall: latencies(
      all.filter(({ call, isSuggestion }) => call === "second" && isSuggestion),
    ),
    answers,
    numGenerations: sum((run) => run.numGenerations),
    numCancelled: sum((run) => run.numCancelled),
    numPasses: sum((run) => run.numPasses),
    numWastedPasses: sum((run) => run.numWastedPasses),
    numPromptTokens,
    numReusedTokens,
    kvReuse: numPromptTokens === 0 ? null : numReusedTokens / numPromptTokens,
    numAcceptedSuggestions: sum((run) => run.numAcceptedSuggestions),
  };
}

function ratioOf(without: number | null, withCaches: number | null): number | null {
  return without === null || withCaches === null || withCaches === 0 ? null : without / withCaches;
}

function latencies(answers: readonly TypingAnswer[]): LatencyFigures {
  const sorted = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  return { count: sorted.length, p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95) };
}

/** The report for people. */
export function formatTypingReport(report: TypingReport): string {
  const row = (name: string, of: (figures: TypingFigures) => string) =>
    name.padEnd(34) + TYPING_MODES.map((mode) => of(report[mode]).padStart(17)).join("");
  const origins = new Set(TYPING_MODES.flatMap((mode) => Object.keys(report[mode].answers)));
  const { numMeasured, numSessions, seed, target, draft, backend, ratios, warnings } = report;
  const ratio = (mode: keyof typeof ratios) =>
    `${TYPING_MODE_NAMES[mode]} p50 ${ratioText(ratios[mode].p50)}, p95 ${ratioText(ratios[mode].p95)}`;
  return [
    `typing: ${numMeasured} of ${numSessions} sessions, seed ${seed}, target ${markdownText(target)}, draft ${markdownText(draft ?? "none")}, ${backend}`,
    "The same keystrokes in real time with all caches, with the prompt's KV cells alone, and without, in turn; p50 / p95 in ms.",
    ...warnings.map((warning) => `> - ${markdownText(warning)}`),
    "",
    " ".repeat(34) + TYPING_MODES.map((mode) => TYPING_MODE_NAMES[mode].padStart(17)).join(""),
    row("time to ghost text", ({ timeToGhostText }) => interval(timeToGhostText)),
    row("  typed through", ({ typedThrough }) => interval(typedThrough)),
    row("second call of the editor", ({ secondCall }) => interval(secondCall)),
    row("keystrokes with ghost text", ({ numSuggestions, numKeys }) =>
      shareText(numSuggestions, numKeys),
    ),
    ...Array.from(origins, (name) =>
      row(`  ${name}`, ({ answers, numKeys }) => shareText(answers[name] ?? 0, numKeys)),
    ),
    row("generations (cancelled)", (f) => `${f.numGenerations} (${f.numCancelled})`),
    row("target passes", ({ numPasses }) => String(numPasses)),
    row("  never shown", ({ numWastedPasses, numPasses }) => shareText(numWastedPasses, numPasses)),
    row("prompt tokens from the KV cache", (f) => shareText(f.numReusedTokens, f.numPromptTokens)),
    row("suggestions accepted", ({ numAcceptedSuggestions: n }) => String(n)),
    "",
    `time to ghost text over that with all caches: ${ratio("promptOnly")}; ${ratio("withoutCaches")}`,
    "",
  ].join("\n");
}

function interval({ count, p50Ms, p95Ms }: LatencyFigures): string {
  return count === 0 ? "none" : `${p50Ms?.toFixed(1)} / ${p95Ms?.toFixed(1)}`;
}

function shareText(part: number, whole: number): string {
  return whole === 0 ? "none" : `${part} (${((100 * part) / whole).toFixed(1)} %)`;
}

function ratioText(ratio: number | null): string {
  return ratio === null ? "not measured" : `${ratio.toFixed(2)}x`;
}

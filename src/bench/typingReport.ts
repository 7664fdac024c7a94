/** Figures of replayed typing. Pure; the JSON of `treeline bench --suite typing` is {@link TypingReport}. */
import { quantile } from "./statistics.ts";

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

export interface TypingReport {
  readonly suite: "typing";
  readonly seed: number;
  readonly numSessions: number;
  /** Sessions that both configurations finished. */
  readonly numMeasured: number;
  readonly target: string;
  readonly draft: string | null;
  readonly backend: string;
  readonly withCaches: TypingFigures;
  readonly withoutCaches: TypingFigures;
  /** Without caches / with caches; above 1 is faster with. */
  readonly p50Ratio: number | null;
  readonly p95Ratio: number | null;
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

export function ratioOf(without: number | null, withCaches: number | null): number | null {
  return without === null || withCaches === null || withCaches === 0 ? null : without / withCaches;
}

function latencies(answers: readonly TypingAnswer[]): LatencyFigures {
  const sorted = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  return { count: sorted.length, p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95) };
}

/** The report for people. */
export function formatTypingReport(report: TypingReport): string {
  const { withCaches, withoutCaches } = report;
  const row = (name: string, of: (figures: TypingFigures) => string) =>
    `${name.padEnd(38)}${of(withCaches).padStart(18)}${of(withoutCaches).padStart(18)}`;
  const origins = [...new Set([withCaches, withoutCaches].flatMap((f) => Object.keys(f.answers)))];
  const { numMeasured, numSessions, seed, target, draft, backend } = report;
  return [
    `typing: ${numMeasured} of ${numSessions} sessions, seed ${seed}, target ${target}, draft ${draft ?? "none"}, ${backend}`,
    "The same keystrokes in real time with caches and without, in turn; p50 / p95 in ms.",
    "",
    `${"".padEnd(38)}${"with caches".padStart(18)}${"without".padStart(18)}`,
    row("time to ghost text", ({ timeToGhostText }) => interval(timeToGhostText)),
    row("  typed through", ({ typedThrough }) => interval(typedThrough)),
    row("second call of the editor", ({ secondCall }) => interval(secondCall)),
    row("keystrokes with ghost text", ({ numSuggestions, numKeys }) =>
      shareText(numSuggestions, numKeys),
    ),
    ...origins.map((name) =>
      row(`  ${name}`, ({ answers, numKeys }) => shareText(answers[name] ?? 0, numKeys)),
    ),
    row("generations (cancelled)", (f) => `${f.numGenerations} (${f.numCancelled})`),
    row("target passes", ({ numPasses }) => String(numPasses)),
    row("  never shown", ({ numWastedPasses, numPasses }) => shareText(numWastedPasses, numPasses)),
    row("prompt tokens from the KV cache", (f) => shareText(f.numReusedTokens, f.numPromptTokens)),
    row("suggestions accepted", ({ numAcceptedSuggestions: n }) => String(n)),
    "",
    `time to ghost text, without / with caches: p50 ${ratioText(report.p50Ratio)}, p95 ${ratioText(report.p95Ratio)}`,
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

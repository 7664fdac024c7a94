/** The report of replayed typing. Pure; the JSON of `treeline bench --suite typing` is {@link TypingReport}. */
import { markdownText } from "../../core/base/foreignText.ts";
import { disturbance } from "../base/busyMeter.ts";
import type { CensoredQuantile } from "../base/censoredTimes.ts";
import { busyParts, percent, tooFewForBounds } from "../base/doubts.ts";
import { formatTable } from "../base/markdownTable.ts";
import type { MeanInterval } from "../base/statistics.ts";
import {
  compareModes,
  type PauseFigures,
  type PauseGroup,
  QUICK_MS,
  type QuantileDifference,
  SOON_MS,
  TYPING_MODES,
  type TypingComparison,
  type TypingFigures,
  type TypingMode,
  type TypingSession,
  typingFigures,
  WARM_TOKENS,
} from "./typingFigures.ts";

/** Fewer pauses tell little of a p95. */
const MIN_PAUSES = 100;

export const TYPING_MODE_NAMES: Readonly<Record<TypingMode, string>> = {
  withCaches: "all caches",
  promptOnly: "prompt's cells alone",
  withoutCaches: "no caches",
};

/** What was measured. */
export interface TypingAbout {
  readonly seed: number;
  readonly numSessions: number;
  readonly target: string;
  readonly draft: string | null;
  readonly backend: string;
  /** Where the prompt's middle began (`promptArms.ts`). */
  readonly prompt: string;
  /** [runs begun] share of the cores that others used just before each, 0 … 1. */
  readonly othersShares: readonly number[];
}

export type TypingReport = ReturnType<typeof typingReport>;

/** @param sessions - those that all modes finished. */
export function typingReport(sessions: readonly TypingSession[], about: TypingAbout) {
  const { seed, othersShares } = about;
  const figuresOf = (mode: TypingMode) =>
    typingFigures(
      sessions.map(({ runs }) => runs[mode]),
      seed,
    );
  const figures = {
    withCaches: figuresOf("withCaches"),
    promptOnly: figuresOf("promptOnly"),
    withoutCaches: figuresOf("withoutCaches"),
  };
  const numPauses = Math.min(...TYPING_MODES.map((mode) => figures[mode].groups.long.numPauses));
  return {
    suite: "typing",
    ...about,
    numMeasured: sessions.length,
    /** Why the figures are to be doubted. */
    warnings: [
      ...busyParts(disturbance(othersShares), othersShares.length, "runs", "before"),
      ...(sessions.length === 0 ? [] : tooFewForBounds(sessions.length, "session")),
      ...(sessions.length === 0 || numPauses >= MIN_PAUSES
        ? []
        : [`${numPauses} pauses of a second or longer are few: judge by ${MIN_PAUSES} or more.`]),
    ],
    figures,
    /** All caches beside each other mode. */
    comparisons: {
      promptOnly: compareModes(sessions, "promptOnly", seed),
      withoutCaches: compareModes(sessions, "withoutCaches", seed),
    },
    /** Every pause of them, so that other questions can be put without another run. */
    sessions,
  };
}

const GROUP_NAMES: Readonly<Record<PauseGroup, string>> = {
  long: "Pauses of 1 s or longer",
  longer: "Pauses of 1.5 s or longer",
  fresh: "Pauses of 1 s or longer at the first place of a fresh file",
  short: "Shorter pauses",
};

type PauseRow = readonly [name: string, of: (figures: PauseFigures) => string];
const COUNT_ROW: PauseRow = ["number of pauses", ({ numPauses }) => String(numPauses)];
const END_ROW: PauseRow = [
  "ghost text before the pause's end",
  ({ beforeEnd }) => shareText(beforeEnd),
];
const LONG_ROWS: readonly PauseRow[] = [
  COUNT_ROW,
  [`ghost text within ${seconds(QUICK_MS)}`, ({ quick }) => shareText(quick)],
  [`ghost text within ${seconds(SOON_MS)}`, ({ soon }) => shareText(soon)],
  END_ROW,
  ["time to ghost text, p50", ({ p50 }) => quantileText(p50)],
  ["time to ghost text, p95", ({ p95 }) => quantileText(p95)],
];
/** Of shorter pauses what counts is whether there was time. */
const ROWS_OF: Readonly<Record<PauseGroup, readonly PauseRow[]>> = {
  long: LONG_ROWS,
  longer: LONG_ROWS,
  fresh: LONG_ROWS,
  short: [COUNT_ROW, END_ROW],
};

/** The report as Markdown. */
export function formatTypingReport(report: TypingReport): string {
  const { numMeasured, numSessions, seed, target, draft, backend, prompt, figures, warnings } =
    report;
  const row = (name: string, of: (figures: TypingFigures) => string) => [
    name,
    ...TYPING_MODES.map((mode) => of(figures[mode])),
  ];
  const table = (title: string, rows: readonly (readonly string[])[]) =>
    formatTable([title, ...TYPING_MODES.map((mode) => TYPING_MODE_NAMES[mode])], rows);
  const ofGroup = (group: PauseGroup) =>
    table(
      GROUP_NAMES[group],
      ROWS_OF[group].map(([name, of]) => row(name, ({ groups }) => of(groups[group]))),
    );
  const origins = new Set(TYPING_MODES.flatMap((mode) => Object.keys(figures[mode].origins)));
  return `${[
    "# Typing",
    `${numMeasured} of ${numSessions} sessions, seed ${seed}. Target ${markdownText(target)}, ${
      draft === null ? "no draft model" : `draft ${markdownText(draft)}`
    }, ${backend}, prompts by ${markdownText(prompt)}.`,
    "The same keystrokes in real time: with all caches, as in the editor; with the prompt's cells in the KV cache alone; and " +
      "with none. A pause is the time from a key to the next. Ghost text counts from the key on, so with the waits of the " +
      "editor (50 ms) and of Treeline; it must stay until the pause ends. It takes 0 s where it is typed into. A pause " +
      "without counts as longer than itself (Kaplan-Meier). 95 % bounds come from drawing whole sessions again.",
    ...warnings.map((warning) => `**${markdownText(warning)}**`),
    ...(["long", "longer", "fresh", "short"] as const).map(ofGroup),
    [
      "Is ghost text never later with all caches? In pauses of 1 s or longer (difference of the times, where one beyond what was seen " +
        "counts as 5 s):",
      ...(["promptOnly", "withoutCaches"] as const).map(
        (mode) =>
          `- beside ${TYPING_MODE_NAMES[mode]}: ${comparisonText(report.comparisons[mode])}`,
      ),
    ].join("\n"),
    table(
      "How pauses of 1 s or longer ended",
      Array.from(origins, (name) =>
        row(ORIGIN_NAMES[name] ?? `none: ${name}`, (f) => String(f.origins[name] ?? 0)),
      ),
    ),
    table("What it took", [
      row("generations (cancelled)", (f) => `${f.numGenerations} (${f.numCancelled})`),
      row("target passes", ({ numPasses }) => String(numPasses)),
      row("passes whose text was never shown", (f) => part(f.numWastedPasses, f.numPasses)),
      row("prompt tokens, on average", (f) =>
        mean(f.numPromptTokens, f.numGenerations - f.numCancelled),
      ),
      row("prompt tokens from the KV cache", (f) => part(f.numReusedTokens, f.numPromptTokens)),
      row(`first suggestions with ${WARM_TOKENS} prompt tokens to read at most`, (f) =>
        part(f.numWarm, f.numAsked),
      ),
      row("suggestions accepted", (f) => String(f.numAcceptedSuggestions)),
    ]),
  ].join("\n\n")}\n`;
}

const ORIGIN_NAMES: Readonly<Record<string, string>> = {
  onScreen: "ghost text was there, and typed into",
  cache: "ghost text from the cache",
  typedThrough: "ghost text from the cache, begun before",
  prefetched: "ghost text prepared before",
  running: "ghost text of a generation begun before",
  generated: "ghost text generated",
  cutOff: "none: the next key came first",
  rejected: "none: what the model wrote was refused",
  empty: "none: the model wrote nothing",
};

function comparisonText({ numPauses, p50, p95, numSooner, numLater }: TypingComparison): string {
  if (numPauses === 0) return "not measured";
  return (
    `p50 ${differenceText(p50)}; p95 ${differenceText(p95)}. Ghost text came sooner in ${numSooner}, later in ${numLater} ` +
    `of ${numPauses} pauses.`
  );
}

const VERDICTS = {
  held: "**held**",
  missed: "**did not hold**",
  open: "**cannot be told**, the difference is within its bounds",
  unknown: "**cannot be told**, both are longer than the pauses",
} as const;

function differenceText({ differenceMs, bounds, verdict }: QuantileDifference): string {
  if (differenceMs === null || verdict === "unknown") return VERDICTS[verdict];
  const signed = (ms: number) => `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(2)}`;
  const range = bounds === null ? "no bounds" : `${signed(bounds.low)} to ${signed(bounds.high)} s`;
  return `${VERDICTS[verdict]} (${signed(differenceMs)} s; ${range})`;
}

function quantileText(quantile: CensoredQuantile | null): string {
  if (quantile === null) return "none";
  return quantile.isBeyond ? `> ${seconds(quantile.ms)}` : `${(quantile.ms / 1000).toFixed(2)} s`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function shareText(share: MeanInterval | null): string {
  if (share === null) return "none";
  return `${percent(share.mean)} (${percent(share.low)} to ${percent(share.high)})`;
}

function mean(sum: number, count: number): string {
  return count === 0 ? "none" : (sum / count).toFixed(0);
}

function part(of: number, whole: number): string {
  return whole === 0 ? "none" : `${of} (${percent(of / whole)})`;
}

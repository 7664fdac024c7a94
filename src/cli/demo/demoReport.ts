/** What the demo shows of its measurements. Pure. */
import { median } from "../../bench/base/statistics.ts";
import { meanAcceptanceLength } from "../../core/tree/decodeStats.ts";
import { type DraftSource, sourcesOf } from "../../core/tree/draftTree.ts";
import { isLooping } from "../../core/tree/looping.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { Part, Style } from "../base/terminal.ts";
import { linesBefore } from "../complete/cursor.ts";
import { rejectionText } from "../complete/rejectionWords.ts";

/** One spot in every round, in turns. */
export interface SpotMeasurement {
  /** [numRounds] */
  readonly plain: readonly CompletionResult[];
  /** [numRounds] the same once more. */
  readonly plainAgain: readonly CompletionResult[];
  /** [numRounds] */
  readonly drafted: readonly CompletionResult[];
  /** The one whose text is shown. */
  readonly shown: CompletionResult;
}

const SOURCE_STYLES: Readonly<Record<DraftSource, Style>> = {
  recycling: "green",
  suffixMatch: "cyan",
  draftModel: "magenta",
  workspace: "blue",
  ghost: "gray",
};
const OWN_STYLE: Style = "yellow";
/** Differences below that are called none, however alike plain decoding is to itself. */
const MIN_NOISE = 0.03;

/** What runs here and what to expect of it: the first lines. */
export function introduction({ target, draft, backend }: LoadedModels, isBundled: boolean): Part[] {
  const names = `target ${target.name}, draft ${draft?.name ?? "none"}, ${backend}\n`;
  if (!isBundled) return [names, ...METHOD];
  return [
    {
      style: "bold",
      text:
        "This is the bundled demonstration pair (5 MB): it shows how drafts are verified. What it suggests makes little sense,\n" +
        "and a model this small leaves drafts little to win. A model that is of use: npx treeline models recommend\n",
    },
    names,
    ...METHOD,
  ];
}

const METHOD = [
  "Medians of up to 5 rounds. Before each the models are loaded anew and complete other places of these files, as in a\n",
  "session; then each place plainly, plainly again and with drafts, asked as the editor asks, the prompt read.\n",
];

/** How it is shown who wrote a token. */
export function legend(hasColor: boolean): Part[] {
  if (!hasColor) return [`${DRAFTED.open}drafted${DRAFTED.close}, and the target's own\n`];
  const names = Object.entries(SOURCE_STYLES).flatMap(([text, style]) => [{ style, text }, "  "]);
  return [...names, { style: OWN_STYLE, text: "target's own" }, "\n"];
}

/** Around drafted tokens where there are no colors. */
const DRAFTED = { open: "‹", close: "›" } as const;

/** The lines before the cursor, dim, and the completion in the colors of its sources, or with what was drafted marked. */
export function ghostText(prefixText: string, result: CompletionResult, hasColor: boolean): Part[] {
  const parts: Part[] = [{ style: "dim", text: linesBefore(prefixText) }];
  let numChars = 0;
  // Trimming ends the text inside the pieces; where it fitted white space too, the sources are not shown.
  const isPrefix = result.pieces.join("").startsWith(result.text);
  const pieces = isPrefix ? result.pieces : [result.text];
  let isDrafted = false;
  const mark = (drafted: boolean) => {
    if (!hasColor && drafted !== isDrafted) parts.push(drafted ? DRAFTED.open : DRAFTED.close);
    isDrafted = drafted;
  };
  pieces.forEach((piece, index) => {
    const shown = piece.slice(0, Math.max(0, result.text.length - numChars));
    numChars += piece.length;
    const [source] = sourcesOf(isPrefix ? (result.tokenSources[index] ?? 0) : 0);
    const style = source === undefined ? OWN_STYLE : SOURCE_STYLES[source];
    if (shown === "") return;
    mark(source !== undefined);
    parts.push({ style, text: shown.replaceAll("\r", "") });
  });
  mark(false);
  const rejection = rejectionText(result);
  if (rejection !== undefined) parts.push({ style: "dim", text: `(nothing: ${rejection})` });
  return parts;
}

/** Two lines: who wrote it in how many passes, and how long that took. */
export function spotFigures(measurement: SpotMeasurement): string[] {
  const { plain, plainAgain, drafted, shown } = measurement;
  const ms = (results: readonly CompletionResult[]) => medianMs(results).toFixed(1);
  return [
    [
      `${shown.tokens.length} tokens, ${acceptanceLength([shown]).toFixed(2)} a pass`,
      `written by ${sourceCounts(shown)}`,
      ...(isLooping(shown.tokens) ? ["looping"] : []),
    ].join(" | "),
    [
      `decoded in ${ms(drafted)} ms, plainly in ${ms(plain)} and ${ms(plainAgain)} ms`,
      isIdentical(measurement) ? "same text" : "DIFFERENT TEXT",
    ].join(" | "),
  ];
}

/** Who wrote how many tokens. */
function sourceCounts(result: CompletionResult | undefined): string {
  const counts = new Map<string, number>();
  for (const bits of result?.tokenSources ?? []) {
    const [source = "the target"] = sourcesOf(bits);
    counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return [...counts].map(([source, count]) => `${source} ${count}`).join(", ") || "nobody";
}

/** The end of the report. */
export function demoSummary(
  measurements: readonly SpotMeasurement[],
  isBundled: boolean,
): string[] {
  const sound = measurements.filter(({ shown }) => !isLooping(shown.tokens));
  const numPlaces = measurements.length;
  const numLooping = numPlaces - sound.length;
  const numDifferent = measurements.filter((one) => !isIdentical(one)).length;
  const length = acceptanceLength(sound.map(({ shown }) => shown));
  return [
    ...(sound.length === 0 ? [] : [`Tokens a pass: ${length.toFixed(2)}; without drafts it is 1.`]),
    ...(numLooping === 0
      ? []
      : [`${numLooping} of ${numPlaces} outputs loop; they are not in it.`]),
    ...speedLines(measurements, isBundled),
    `Same text as plain decoding at ${numPlaces - numDifferent} of ${numPlaces} places.`,
    ...(numDifferent === 0
      ? []
      : ["Texts differ where the target's two best tokens are nearly tied; else it is a bug."]),
  ];
}

/** Of all places together: the time of one is too short to tell. */
function speedLines(measurements: readonly SpotMeasurement[], isBundled: boolean): string[] {
  const sum = (run: "plain" | "plainAgain" | "drafted") =>
    measurements.reduce((ms, one) => ms + medianMs(one[run]), 0);
  const [plain, again, drafted] = [sum("plain"), sum("plainAgain"), sum("drafted")];
  const ratio = (plain + again) / 2 / drafted;
  const noise = Math.max(MIN_NOISE, Math.abs(plain / again - 1), Math.abs(again / plain - 1));
  const isSlower = ratio < 1 - noise;
  const verdict = isSlower ? "slower" : ratio > 1 + noise ? "faster" : "no difference";
  const ms = (time: number) => `${time.toFixed(0)} ms`;
  return [
    `All places decoded in ${ms(drafted)} with drafts where they pay, plainly in ${ms(plain)} and ${ms(again)}: ${ratio.toFixed(2)}x, ${verdict}.`,
    ...(isBundled
      ? [
          "A pass of this tiny model takes less than finding drafts for it, so here next to none is tried.",
        ]
      : []),
    ...(isSlower && !isBundled ? ["`npx treeline bench` says what to set on this machine."] : []),
  ];
}

function medianMs(results: readonly CompletionResult[]): number {
  return median(results.map(({ timings }) => timings.decodeMs));
}

function acceptanceLength(results: readonly CompletionResult[]): number {
  const sum = { numSteps: 0, numCommittedTokens: 0 };
  for (const { stats } of results) {
    sum.numSteps += stats.numSteps;
    sum.numCommittedTokens += stats.numCommittedTokens;
  }
  return meanAcceptanceLength(sum);
}

function isIdentical({ plain, plainAgain, drafted, shown }: SpotMeasurement): boolean {
  const texts = new Set([...plain, ...plainAgain, ...drafted, shown].map(({ text }) => text));
  return texts.size === 1;
}

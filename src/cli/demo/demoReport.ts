/** What the demo shows of its measurements. Pure. */
import { median } from "../../bench/base/statistics.ts";
import { meanAcceptanceLength } from "../../core/tree/decodeStats.ts";
import { type DraftSource, sourcesOf } from "../../core/tree/draftTree.ts";
import { isLooping } from "../../core/tree/looping.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import type { Part, Style } from "../base/terminal.ts";

/** One spot in every round, in pairs. */
export interface SpotMeasurement {
  /** [numRounds] */
  readonly plain: readonly CompletionResult[];
  /** [numRounds] */
  readonly speculative: readonly CompletionResult[];
}

const SOURCE_STYLES: Readonly<Record<DraftSource, Style>> = {
  recycling: "green",
  suffixMatch: "cyan",
  draftModel: "magenta",
  workspace: "blue",
  ghost: "gray",
};
const OWN_STYLE: Style = "yellow";
const NUM_PREFIX_LINES = 3;

/** Which color stands for which source. */
export function legend(): Part[] {
  const names = Object.entries(SOURCE_STYLES).flatMap(([text, style]) => [{ style, text }, "  "]);
  return [...names, { style: OWN_STYLE, text: "target's own" }];
}

/** The lines before the cursor, dim, and the completion in the colors of its sources. */
export function ghostText(prefixText: string, result: CompletionResult): Part[] {
  const context = prefixText.split("\n").slice(-NUM_PREFIX_LINES).join("\n");
  const parts = [{ style: "dim" as Style, text: context }];
  let numChars = 0;
  // Trimming ends the text inside the pieces; where it fitted white space too, the sources are not shown.
  const isPrefix = result.pieces.join("").startsWith(result.text);
  const pieces = isPrefix ? result.pieces : [result.text];
  pieces.forEach((piece, index) => {
    const shown = piece.slice(0, Math.max(0, result.text.length - numChars));
    numChars += piece.length;
    const [source] = sourcesOf(isPrefix ? (result.tokenSources[index] ?? 0) : 0);
    const style = source === undefined ? OWN_STYLE : SOURCE_STYLES[source];
    if (shown !== "") parts.push({ style, text: shown });
  });
  const { rejection } = result;
  if (rejection !== undefined) parts.push({ style: OWN_STYLE, text: `(nothing: ${rejection})` });
  return parts.map(({ style, text }) => ({ style, text: text.replaceAll("\r", "") }));
}

/** One line of figures. */
export function spotFigures(measurement: SpotMeasurement): string {
  const { plain, speculative } = measurement;
  const decode = (results: readonly CompletionResult[]) => medianMs(results, "decodeMs");
  const total = (results: readonly CompletionResult[]) => medianMs(results, "totalMs");
  const ratio = speedRatio(measurement);
  return [
    `${speculative[0]?.tokens.length ?? 0} tokens`,
    `acceptance length ${acceptanceLength(speculative).toFixed(2)} incl. bonus`,
    `decode ${decode(speculative).toFixed(1)} ms, plain ${decode(plain).toFixed(1)} ms`,
    `total ${total(speculative).toFixed(1)} ms, plain ${total(plain).toFixed(1)} ms`,
    ratio < 1 ? `SLOWER than plain: ${ratio.toFixed(2)}x` : `${ratio.toFixed(2)}x`,
    isIdentical(measurement) ? "identical text" : "DIFFERENT TEXT",
    `drafted by ${sourceCounts(speculative[0])}`,
    ...(isLooping(speculative[0]?.tokens ?? []) ? ["looping"] : []),
  ].join(" | ");
}

/** Who drafted how many tokens, for readers without colors. */
function sourceCounts(result: CompletionResult | undefined): string {
  const counts = new Map<string, number>();
  for (const bits of result?.tokenSources ?? []) {
    const [source = "target's own"] = sourcesOf(bits);
    counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return [...counts].map(([source, count]) => `${source} ${count}`).join(", ") || "nobody";
}

/** The end of the report. */
export function demoSummary(measurements: readonly SpotMeasurement[]): string[] {
  const sound = measurements.filter(({ speculative }) => !isLooping(speculative[0]?.tokens ?? []));
  const numLooping = measurements.length - sound.length;
  const ratios = measurements.map(speedRatio);
  const ratio = median(ratios);
  const numSlower = ratios.filter((one) => one < 1).length;
  const numDifferent = measurements.filter((one) => !isIdentical(one)).length;
  const lines = [
    sound.length === 0
      ? "mean acceptance length: none, every output loops"
      : `mean acceptance length of outputs that do not loop: ${acceptanceLength(
          sound.flatMap(({ speculative }) => speculative),
        ).toFixed(2)} incl. bonus`,
    `looping outputs: ${numLooping} of ${measurements.length}`,
    `median of the decode speeds against plain: ${ratio.toFixed(2)}x`,
    `same text as plain decoding: ${measurements.length - numDifferent} of ${measurements.length}`,
  ];
  if (ratio < 1) {
    lines.push(
      "Speculation was slower than plain decoding on this machine with these models: what it saved in passes " +
        "cost more than it brought. Models this small leave little to save.",
    );
  } else if (numSlower > 0) {
    lines.push(
      `Speculation was slower than plain decoding at ${numSlower} of ${ratios.length} places.`,
    );
  }
  if (numDifferent > 0) {
    lines.push(
      "Texts differ where the target's two best tokens are nearly tied; anything else is a bug.",
    );
  }
  return lines;
}

function medianMs(results: readonly CompletionResult[], field: "decodeMs" | "totalMs"): number {
  return median(results.map(({ timings }) => timings[field]));
}

function speedRatio({ plain, speculative }: SpotMeasurement): number {
  return medianMs(plain, "decodeMs") / medianMs(speculative, "decodeMs");
}

function acceptanceLength(results: readonly CompletionResult[]): number {
  const sum = { numSteps: 0, numCommittedTokens: 0 };
  for (const { stats } of results) {
    sum.numSteps += stats.numSteps;
    sum.numCommittedTokens += stats.numCommittedTokens;
  }
  return meanAcceptanceLength(sum);
}

function isIdentical({ plain, speculative }: SpotMeasurement): boolean {
  const texts = new Set([...plain, ...speculative].map(({ text }) => text));
  return texts.size === 1;
}

/**
 * How soon a model shows a line on this machine: what was measured with it, or what follows from a measurement with another. A
 * prompt takes arithmetic, which grows with the weights that a token passes; writing takes memory traffic, which grows with
 * the bytes of the weights. Both are read off one measurement, so device, backend and threads are in it.
 */
import { bytesOf } from "../catalogue/catalogue.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";

/** Tokens of the prompt that a line is measured with: one at a place that is new. */
export const PROMPT_TOKENS = 256;
/** Of a line, as code's are. */
const LINE_TOKENS = 10;

/** What a model took here. */
export interface MeasuredSpeed {
  /** Reading `PROMPT_TOKENS`. */
  readonly promptMs: number;
  /** A pass that writes one token. */
  readonly tokenMs: number;
  /** Of its weights, in the file. */
  readonly bytes: number;
  /** Weights that a token of a prompt passes, in thousands of millions, without the embeddings. */
  readonly promptParameters: number;
  /** Of the GPU that it ran on; absent where that was the CPU. */
  readonly deviceMemoryBytes?: number | undefined;
}

/** From the request to the line, in ms. */
export function lineMs({ promptMs, tokenMs }: Pick<MeasuredSpeed, "promptMs" | "tokenMs">): number {
  return promptMs + LINE_TOKENS * tokenMs;
}

/** @returns as {@link lineMs}, or undefined where size or weights of the entry are not known. */
export function estimatedLineMs(
  entry: CatalogueEntry,
  measured: MeasuredSpeed,
): number | undefined {
  const bytes = bytesOf(entry);
  const { parameters, activeParameters = parameters, promptParameters = activeParameters } = entry;
  if (bytes === undefined || parameters === undefined || activeParameters === undefined)
    return undefined;
  if (promptParameters === undefined) return undefined;
  // Of a mixture of experts a token passes some of the weights only.
  const passedBytes = (bytes * activeParameters) / parameters;
  return lineMs({
    promptMs: (measured.promptMs * promptParameters) / measured.promptParameters,
    tokenMs: (measured.tokenMs * passedBytes) / measured.bytes,
  });
}

/** "shows a line after about 0.6 s here". */
export function lineTimeText(ms: number, isEstimated: boolean): string {
  return `shows a line after about ${secondsText(ms)} here${isEstimated ? " (estimated)" : ""}`;
}

/** The same where room is scarce: "a line after 0.6 s, estimated". */
export function shortLineTimeText(ms: number, isEstimated: boolean): string {
  return `a line after ${secondsText(ms)}${isEstimated ? ", estimated" : ""}`;
}

function secondsText(ms: number): string {
  const seconds = ms / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

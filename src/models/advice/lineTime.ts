/**
 * How soon a model shows a line on this machine: what was measured with it, or what follows from a probe of the machine. A
 * prompt takes arithmetic, which grows with the weights that a token passes; writing takes memory traffic, which grows with
 * their bytes. What a weight costs depends on its type, so the probe has one figure for each; device, backend and threads are in them.
 */
import { bytesOf } from "../catalogue/catalogue.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";

/** Tokens of the prompt that a line is measured with: one at a place that is new. */
export const PROMPT_TOKENS = 256;
/** Of a line, as code's are. */
const LINE_TOKENS = 10;

export interface MeasuredSpeed {
  /** Reading `PROMPT_TOKENS`. */
  readonly promptMs: number;
  /** A pass that writes one token. */
  readonly tokenMs: number;
}

/** Types of weights that most files consist of. */
export const WEIGHT_TYPES = ["Q4_K", "Q5_0", "Q8_0"] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

/** What weights of a type cost: `promptMs` for a thousand million of them, `tokenMs` for a thousand million bytes. */
export interface MachineSpeed {
  readonly types: Readonly<Record<WeightType, MeasuredSpeed>>;
  /** Of the GPU that the probe ran on; absent where that was the CPU. */
  readonly deviceMemoryBytes?: number | undefined;
}

/** From the request to the line, in ms. */
export function lineMs({ promptMs, tokenMs }: MeasuredSpeed): number {
  return promptMs + LINE_TOKENS * tokenMs;
}

/** @returns as {@link lineMs}, or undefined where size or weights of the entry are not known. */
export function estimatedLineMs(entry: CatalogueEntry, machine: MachineSpeed): number | undefined {
  const bytes = bytesOf(entry);
  const { parameters, activeParameters = parameters, promptParameters = activeParameters } = entry;
  if (bytes === undefined || parameters === undefined || activeParameters === undefined)
    return undefined;
  if (promptParameters === undefined) return undefined;
  const { promptMs, tokenMs } = machine.types[weightType(entry)];
  // Of a mixture of experts a token passes some of the weights only.
  const passedBytes = (bytes * activeParameters) / parameters;
  return lineMs({ promptMs: promptMs * promptParameters, tokenMs: (tokenMs * passedBytes) / 1e9 });
}

/** What most weights of a file are. Rows of the smallest models do not part into the blocks of 256 that the K types have. */
function weightType({ quantization, parameters = 1 }: CatalogueEntry): WeightType {
  if (quantization === "Q8_0") return "Q8_0";
  return parameters < 1 ? "Q5_0" : "Q4_K";
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

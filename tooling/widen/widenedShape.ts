/**
 * The dimensions of a widened model. The head length stays, because rotary positions and the attention's scale depend
 * on it, so a wider model has more heads.
 */
import { pathText } from "../../src/core/base/foreignText.ts";
import { invalidSetting, type WidenedType, type WidenSource } from "./widenSource.ts";

export interface WidenSettings {
  /** Elements of the residual stream. */
  readonly width: number;
  readonly numLayers: number;
  /** Elements between the two halves of a feed-forward layer. */
  readonly ffnWidth: number;
  /** The source's own if absent. */
  readonly type?: WidenedType | undefined;
}

export type WidenedShape = ReturnType<typeof planShape>;

/** Elements per Q8_0 block; activations are quantized in such blocks too, so old and new lanes must not share one. */
export const BLOCK_LENGTH = 32;
/** llama.cpp's LLAMA_MAX_LAYERS. */
const MAX_LAYERS = 512;

/** @throws EngineError invalidRequest for settings that `source` cannot be widened to. */
export function planShape(source: WidenSource, settings: WidenSettings) {
  const type = settings.type ?? source.type ?? "f16";
  if (type === "q8_0" && source.type !== "q8_0")
    throw invalidSetting(
      "a source of Q8_0 weights for type q8_0, since quantizing would change the function",
      `${pathText(source.header.path)} with others`,
      "Choose type f16, or a Q8_0 file of this model.",
    );
  checkAtLeast("layers", settings.numLayers, source.numLayers, MAX_LAYERS);
  checkMultiple("ffn", settings.ffnWidth, source.ffnWidth, BLOCK_LENGTH);
  // Heads grow with the width: numHeads × width / source.width must be whole.
  const headStep = source.width / greatestCommonDivisor(source.width, source.numHeads);
  const step = (headStep * BLOCK_LENGTH) / greatestCommonDivisor(headStep, BLOCK_LENGTH);
  checkMultiple("width", settings.width, source.width, step);
  const numHeads = (source.numHeads * settings.width) / source.width;
  return {
    width: settings.width,
    numLayers: settings.numLayers,
    ffnWidth: settings.ffnWidth,
    numHeads,
    numKvHeads: countKvHeads(source, settings.width, numHeads, step),
    headLength: source.headLength,
    type,
  };
}

/** Query heads per key head. */
export function groupSize(shape: { readonly numHeads: number; readonly numKvHeads: number }) {
  return shape.numHeads / shape.numKvHeads;
}

/**
 * Query head h reads key head ⌊h / group⌋. The source's groups keep their heads together in groups at least as large,
 * as many as the source had or more: then each old head still reads its own keys. 3 heads on 1 key head become 15 on 5
 * in groups of 3, or 16 on 4 in groups of 4 whose last head is new.
 */
function countKvHeads(source: WidenSource, width: number, numHeads: number, step: number): number {
  const largest = Math.floor(numHeads / groupSize(source));
  for (let numKvHeads = largest; numKvHeads >= source.numKvHeads; numKvHeads--)
    if (numHeads % numKvHeads === 0) return numKvHeads;
  const whole = step * groupSize(source);
  throw invalidSetting(
    `a width whose heads of ${source.headLength} form groups of ${groupSize(source)} or more, one per key head`,
    `width ${width} with ${numHeads} heads`,
    `Choose ${Math.ceil(width / whole) * whole}.`,
  );
}

function checkAtLeast(name: string, found: number, min: number, max: number): void {
  if (found < min || found > max)
    throw invalidSetting(
      `${name} from ${min} (the source's) to ${max}`,
      String(found),
      "A model can only be widened.",
    );
}

function checkMultiple(name: string, found: number, min: number, step: number): void {
  const isMultiple = found % step === 0;
  if (isMultiple && found >= min) return;
  const first = Math.ceil(min / step) * step;
  const below = Math.max(first, Math.floor(found / step) * step);
  const above = Math.max(first, Math.ceil(found / step) * step);
  throw invalidSetting(
    `${name} as a multiple of ${step}, at least ${min} (the source's)`,
    String(found),
    `Choose ${below === above ? above : `${below} or ${above}`}.`,
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * How often a choice flips. With quantized weights a row's logits depend on the rows beside it and on how the prompt was cut,
 * so plain decoding differs from itself; speculation may differ from it no more often.
 */

import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { type Choices, type ForcedText, plainChoices, speculativeChoices } from "./forcedText.ts";
import { meanInterval } from "./meanInterval.ts";

/** The difference of the two rates that decides, as a share of positions. */
export const MAX_DIFFERENCE = 0.005;
/** Tokens between two of the other cuts of a prompt. */
const MEAN_CUT = 12;

/** Flips along one text. */
export interface TextFlips {
  readonly numPositions: number;
  /** Plain decoding, cut elsewhere and in passes of other rows, against plain decoding. */
  readonly numPlain: number;
  /** Speculation against plain decoding. */
  readonly numSpeculative: number;
  readonly numAccepted: number;
}

/** The runs along a text that do not depend on what is planted into the loop. */
export interface TextRuns {
  readonly plain: Choices;
  readonly flips: TextFlips;
}

/**
 * Three runs along a text: plain decoding, speculation, and plain decoding of another shape, in passes of as many rows as
 * speculation had.
 */
export async function countFlips(
  target: TargetModel,
  text: ForcedText,
  drafters: readonly Drafter[],
  maxDraftNodes: number,
): Promise<TextRuns> {
  const plain = await plainChoices(target, text);
  const speculative = await speculativeChoices(target, text, drafters, maxDraftNodes);
  const other = await plainChoices(target, text, speculative.numRows, otherCuts(text));
  const flips = {
    numPositions: text.tokens.length - text.start,
    numPlain: numDifferent(plain, other),
    numSpeculative: numDifferent(plain, speculative.choices),
    numAccepted: speculative.numAccepted,
  };
  return { plain, flips };
}

/** The same flips with a planted fault in the target that the loop drives. */
export async function countMutantFlips(
  mutant: TargetModel,
  text: ForcedText,
  drafters: readonly Drafter[],
  maxDraftNodes: number,
  { plain, flips }: TextRuns,
): Promise<TextFlips> {
  const { choices, numAccepted } = await speculativeChoices(mutant, text, drafters, maxDraftNodes);
  return { ...flips, numSpeculative: numDifferent(plain, choices), numAccepted };
}

function otherCuts({ tokens, start }: ForcedText): number[] {
  const random = seededRandom(tokens[0]! + tokens.length);
  const cuts: number[] = [];
  for (let at = 0; ; ) {
    at += 1 + Math.floor(random() * 2 * MEAN_CUT);
    if (at >= start - 1) return cuts;
    cuts.push(at);
  }
}

function numDifferent(some: Choices, others: Choices): number {
  return some.reduce((num, choice, at) => num + (choice === others[at] ? 0 : 1), 0);
}

/** Rates of flips over texts of equal length, as shares of positions. */
export interface FlipRates {
  readonly numPositions: number;
  readonly plain: number;
  readonly speculative: number;
  /** Speculative minus plain, with 95 % bounds over the texts. */
  readonly difference: { readonly mean: number; readonly low: number; readonly high: number };
  readonly numAccepted: number;
}

export function flipRates(texts: readonly TextFlips[]): FlipRates {
  const total = (of: (text: TextFlips) => number) => texts.reduce((sum, text) => sum + of(text), 0);
  const numPositions = total((text) => text.numPositions);
  return {
    numPositions,
    plain: total((text) => text.numPlain) / numPositions,
    speculative: total((text) => text.numSpeculative) / numPositions,
    difference: meanInterval(
      texts.map((text) => (text.numSpeculative - text.numPlain) / text.numPositions),
      1,
    ),
    numAccepted: total((text) => text.numAccepted),
  };
}

export function describeRates(name: string, rates: FlipRates): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { low, mean, high } = rates.difference;
  return (
    `noise floor, ${name}: ${rates.numPositions} positions; plain cut elsewhere flips ${percent(rates.plain)}, ` +
    `speculation ${percent(rates.speculative)}; difference ${percent(mean)} (${percent(low)} to ${percent(high)}); ` +
    `${rates.numAccepted} drafts accepted\n`
  );
}

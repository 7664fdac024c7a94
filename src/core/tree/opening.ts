/** Output tokens that are known before decoding begins, as where they complete the text that a prompt left pending. */

import type { Token } from "../base/tokens.ts";
import type { OutputCollector } from "./generation.ts";
import type { TokenChooser } from "./tokenChooser.ts";

export interface ScoredTokens {
  /** [>= 1] */
  readonly tokens: Int32Array;
  /** [tokens.length] natural log-probability of each under the target, given all before it and what has to come. */
  readonly logProbs: Float64Array;
}

/** The first tokens of an output. They have no cells yet; the last is the first root. */
export interface Opening extends ScoredTokens {
  /** Text that they have beyond what was typed already. */
  readonly newText: string;
  /** Other tokens that the output might have begun with, the likeliest first. */
  readonly alternatives: readonly ScoredTokens[];
}

/** Takes tokens that are known, as far as the output goes. */
export function takeKnown(
  tokens: Iterable<Token>,
  output: OutputCollector,
  chooser: TokenChooser,
): void {
  for (const token of tokens) {
    output.push(token, 0);
    chooser.push(token);
  }
}

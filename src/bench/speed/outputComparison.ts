/** An output beside plain decoding's, token by token, by the lossless rule. */

import type { Token } from "../../core/base/tokens.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";
import { findDifference, type OutputDifference } from "./losslessCheck.ts";

/** How an output differs from plain's. */
export interface OutputComparison {
  /** Where the outputs part; undefined if they are equal. What follows a near tie is another text. */
  readonly difference: OutputDifference | undefined;
  /** Places from the first difference on that hold another token or none; 0 behind a near tie. */
  readonly differingTokens: number;
  /** It has another number of tokens, and no near tie is behind it. */
  readonly hasOtherLength: boolean;
}

/** What outputs are judged by. */
export interface OutputJudge {
  readonly target: TargetModel;
  /** One of `NEAR_TIE_GAP`. */
  readonly maxGap: number;
  readonly isEndToken: (token: Token) => boolean;
}

const EQUAL: OutputComparison = {
  difference: undefined,
  differingTokens: 0,
  hasOtherLength: false,
};

/** Runs the target where the outputs part; its cache holds other tokens afterwards. */
export async function compareOutputs(
  { target, maxGap, isEndToken }: OutputJudge,
  promptTokens: Int32Array,
  plain: Int32Array,
  other: Int32Array,
  signal: AbortSignal,
): Promise<OutputComparison> {
  const difference = await findDifference(
    target,
    promptTokens,
    plain,
    other,
    maxGap,
    isEndToken,
    signal,
  );
  if (difference === undefined) return EQUAL;
  if (difference.isNearTie) return { ...EQUAL, difference };
  let differingTokens = 0;
  for (let index = difference.index; index < Math.max(plain.length, other.length); index++) {
    if (plain[index] !== other[index]) differingTokens++;
  }
  return { difference, differingTokens, hasOtherLength: plain.length !== other.length };
}

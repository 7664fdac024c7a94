/** An output beside plain decoding's, token by token, by the lossless rule. */
import type { TargetModel } from "../core/targetModel.ts";
import type { Token } from "../core/tokens.ts";
import { findDifference } from "./losslessCheck.ts";

/** How an output differs from plain's. */
export interface OutputComparison {
  /** Places from the first difference on that hold another token or none; 0 behind a near tie. */
  readonly differingTokens: number;
  /** The outputs part where plain's two best tokens tie; what follows is another text. */
  readonly isNearTie: boolean;
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

const EQUAL: OutputComparison = { differingTokens: 0, isNearTie: false, hasOtherLength: false };

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
  if (difference.isNearTie) return { ...EQUAL, isNearTie: true };
  let differingTokens = 0;
  for (let index = difference.index; index < Math.max(plain.length, other.length); index++) {
    if (plain[index] !== other[index]) differingTokens++;
  }
  return { differingTokens, isNearTie: false, hasOtherLength: plain.length !== other.length };
}

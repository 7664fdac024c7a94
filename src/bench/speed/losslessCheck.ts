/**
 * Whether an output that parts from plain decoding's does so innocently. With quantized weights a row's logits depend on the
 * rows beside it and on how the cells before it came about, so plain decoding parts from itself now and then (docs/lossless.md):
 * an output may part where plain's two best logits are all but equal, or within what plain decoding in other passes differs by there.
 * Nothing more is forgiven.
 */

import { commonPrefixLength, type Token } from "../../core/base/tokens.ts";
import { ROOT, rootOnlyTree } from "../../core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../core/tree/targetModel.ts";
import { rowsInOtherPasses } from "./otherPasses.ts";

/** Largest gap between plain's best two logits that counts as a tie, per kind of backend. */
export const NEAR_TIE_GAP = { cpu: 0.2, gpu: 0.5 } as const;
/**
 * Near ties forgiven per emitted token: plain decoding of real quantized weights flips up to 1.6 % of its choices when its
 * passes have other rows (docs/lossless.md).
 */
export const MAX_NEAR_TIE_RATE = 0.02;
/** Standard deviations of how far the other token is behind, within which it might have been the best. */
const MAX_DEVIATIONS = 3;
/** Tokens among which one that ends an output is looked for. */
const NUM_LIKELY = 64;

/** The first place where two outputs part. */
export interface OutputDifference {
  /** Index in the output. */
  readonly index: number;
  /** -1 where that output had ended. */
  readonly plainToken: Token;
  readonly speculativeToken: Token;
  /** Plain's own logits there, of its best token and of the other one. */
  readonly plainLogit: number;
  readonly speculativeLogit: number;
  /** Plain's top-2 gap there. */
  readonly gap: number;
  readonly isNearTie: boolean;
}

/**
 * Where a speculative output leaves plain decoding's, judged by plain's own logits, and by plain decoding in other passes.
 *
 * @param promptTokens - what both continued.
 * @param maxGap - one of {@link NEAR_TIE_GAP}.
 * @param isEndToken - tokens that end an output without being part of it.
 * @returns undefined if the outputs are equal.
 */
export async function findDifference(
  target: TargetModel,
  promptTokens: Int32Array,
  plain: Int32Array,
  speculative: Int32Array,
  maxGap: number,
  isEndToken: (token: Token) => boolean,
  signal: AbortSignal,
): Promise<OutputDifference | undefined> {
  const index = commonPrefixLength(plain, speculative);
  if (index === plain.length && index === speculative.length) return undefined;
  const history = Int32Array.from([...promptTokens, ...plain.subarray(0, index)]);
  // One token per pass from the prompt on, as plain decoding came here.
  await target.prefill(promptTokens.subarray(0, -1), signal);
  for (let i = promptTokens.length - 1; i < history.length - 1; i++) {
    await target.evaluateTree(rootOnlyTree(history[i]!), signal);
    target.commit({ nodes: new Int32Array(0), bonusToken: history[i + 1]! });
  }
  const logits = await target.evaluateTree(rootOnlyTree(history.at(-1)!), signal);
  const top = logits.topK(ROOT, 2);
  const plainToken = plain[index] ?? -1;
  const speculativeToken = speculative[index] ?? -1;
  const logitOf = (token: Token) => (token === -1 ? top.logits[0]! : logits.logit(ROOT, token));
  const difference = {
    index,
    plainToken,
    speculativeToken,
    plainLogit: logitOf(plainToken),
    speculativeLogit: logitOf(speculativeToken),
    gap: top.logits[0]! - top.logits[1]!,
  };
  /** How far what was emitted instead is behind a row's best token, in logits: 0 if it is the best. Of an output that ended, an end. */
  const lagIn = (row: TreeLogits, node: number): number => {
    const best = row.argmax(node);
    if (speculativeToken === -1 ? isEndToken(best) : best === speculativeToken) return 0;
    const likely = row.topK(node, Math.min(NUM_LIKELY, target.vocabSize));
    if (speculativeToken !== -1) return likely.logits[0]! - row.logit(node, speculativeToken);
    const end = likely.tokens.findIndex(isEndToken);
    return end === -1 ? Number.POSITIVE_INFINITY : likely.logits[0]! - likely.logits[end]!;
  };
  const lags = [lagIn(logits, ROOT)];
  target.rewind();
  if (difference.gap < maxGap && lags[0]! < maxGap) return { ...difference, isNearTie: true };
  const text = Int32Array.from([...promptTokens, ...plain]);
  const at = history.length - 1;
  for await (const { logits: row, node } of rowsInOtherPasses(
    target,
    text,
    promptTokens.length,
    at,
    signal,
  )) {
    lags.push(lagIn(row, node));
  }
  return { ...difference, isNearTie: mayBeNone(lags) };
}

/** Whether of lags that noise moves one is none, or might be. */
function mayBeNone(lags: readonly number[]): boolean {
  const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
  const variance = lags.reduce((sum, lag) => sum + (lag - mean) ** 2, 0) / (lags.length - 1);
  return lags.includes(0) || mean < MAX_DEVIATIONS * Math.sqrt(variance);
}

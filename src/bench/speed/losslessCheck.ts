/**
 * Whether an output that parts from plain decoding's does so innocently. With quantized weights a row's logits depend on the
 * rows beside it, so plain decoding parts from itself now and then (docs/lossless.md): an output may part where plain's two best
 * logits are all but equal, or where plain decoding in passes of other rows makes the same choice. Nothing more is forgiven.
 */

import { commonPrefixLength, type Token } from "../../core/base/tokens.ts";
import { DraftTreeBuilder, ROOT, rootOnlyTree } from "../../core/tree/draftTree.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";

/** Largest gap between plain's best two logits that counts as a tie, per kind of backend. */
export const NEAR_TIE_GAP = { cpu: 0.2, gpu: 0.5 } as const;
/**
 * Near ties forgiven per emitted token: plain decoding of real quantized weights flips up to 1.6 % of its choices when its
 * passes have other rows (docs/lossless.md).
 */
export const MAX_NEAR_TIE_RATE = 0.02;
/** Rows of the passes in which plain decoding is asked again, the one in question the last. */
const OTHER_ROWS = [2, 3, 4, 8];

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
  target.rewind();
  // What was emitted instead must itself tie; an output that ended there must have met an end token that does.
  const isTied =
    speculativeToken === -1
      ? top.tokens.some(isEndToken)
      : top.logits[0]! - difference.speculativeLogit < maxGap;
  const isChosen = (token: Token) =>
    speculativeToken === -1 ? isEndToken(token) : token === speculativeToken;
  const isNearTie =
    (difference.gap < maxGap && isTied) ||
    (await flipsInOtherPasses(target, history, isChosen, signal));
  return { ...difference, isNearTie };
}

/** Whether plain decoding, in a pass of more rows than one, makes the other choice behind a text. */
async function flipsInOtherPasses(
  target: TargetModel,
  history: Int32Array,
  isChosen: (token: Token) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  for (const numRows of OTHER_ROWS) {
    const start = history.length - numRows;
    if (start < 0) return false;
    await target.prefill(history.subarray(0, start), signal);
    const chain = new DraftTreeBuilder(history[start]!);
    for (let row = 1; row < numRows; row++) {
      chain.add(row - 1, history[start + row]!, { score: 1, source: 0 });
    }
    const choice = (await target.evaluateTree(chain.finish(), signal)).argmax(numRows - 1);
    target.rewind();
    if (isChosen(choice)) return true;
  }
  return false;
}

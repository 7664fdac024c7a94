/**
 * The lossless rule (DESIGN §3): every emitted token equals plain greedy's, or, at the first difference, plain's own
 * top-2 gap there is below one named constant. Batched and one-by-one passes round differently, and nothing more is
 * forgiven.
 */
import { ROOT, rootOnlyTree } from "../core/draftTree.ts";
import type { TargetModel } from "../core/targetModel.ts";
import { commonPrefixLength, type Token } from "../core/tokens.ts";

/** Largest gap between plain's best two logits that counts as a tie, per kind of backend. */
export const NEAR_TIE_GAP = { cpu: 0.2, gpu: 0.5 } as const;
/** Near ties forgiven per emitted token. GPU kernels are not batch-invariant: measured 2.2 per 1,000 on lavapipe. */
export const MAX_NEAR_TIE_RATE = { cpu: 1 / 1000, gpu: 5 / 1000 } as const;

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
 * Where a speculative output leaves plain decoding's, judged by plain's own logits.
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
  return { ...difference, isNearTie: difference.gap < maxGap && isTied };
}

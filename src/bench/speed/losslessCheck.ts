/**
 * Whether an output that parts from plain decoding's does so innocently. With quantized weights a row's logits depend on the
 * rows beside it and on how the cells before it came about, so plain decoding parts from itself now and then (docs/lossless.md):
 * an output may part where plain's two best logits are all but equal, or within what plain decoding in other passes differs by there,
 * if that is little. Nothing more is forgiven.
 */

import { lowerMedian } from "../../core/base/lowerMedian.ts";
import { commonPrefixLength, type Token } from "../../core/base/tokens.ts";
import { ROOT, rootOnlyTree } from "../../core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../core/tree/targetModel.ts";
import type { DifferenceFigures } from "./benchReport.ts";
import { rowsInOtherPasses } from "./otherPasses.ts";

/** Largest gap between plain's best two logits that counts as a tie, per kind of backend. */
export const NEAR_TIE_GAP = { cpu: 0.2, gpu: 0.5 } as const;
/**
 * Near ties forgiven per emitted token: plain decoding of real quantized weights flips up to 2.3 % of its choices when its
 * passes have other rows (docs/lossless.md).
 */
export const MAX_NEAR_TIE_RATE = 0.03;
/**
 * Gaps of a tie that the other token may be behind at most, however passes scatter: a fault of the cache may scatter them, too. On a CPU
 * 0.6, where plain decoding was seen to differ from itself by 0.45.
 */
const MAX_GAPS = 3;
/** Standard deviations of how far the other token is behind, within which it might have been the best. */
const MAX_DEVIATIONS = 3;
/** Of a normal distribution, in median absolute deviations. */
const DEVIATION_OF_MEDIAN = 1.4826;
/** Tokens among which one that ends an output is looked for. */
const NUM_LIKELY = 64;

/** The first place where two outputs part. */
export type OutputDifference = Omit<DifferenceFigures, "config" | "prompt">;

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
  /** Runs where outputs part; its cache holds other tokens afterwards. */
  readonly target: TargetModel;
  /** One of {@link NEAR_TIE_GAP}; 0 where no tie is innocent. */
  readonly maxGap: number;
  /** Tokens that end an output without being part of it. */
  readonly isEndToken: (token: Token) => boolean;
}

/** An output beside plain decoding's, token by token. @param promptTokens - what both continued. */
export async function compareOutputs(
  judge: OutputJudge,
  promptTokens: Int32Array,
  plain: Int32Array,
  other: Int32Array,
  signal: AbortSignal,
): Promise<OutputComparison> {
  const difference = await findDifference(judge, promptTokens, plain, other, signal);
  if (difference === undefined || difference.isNearTie) {
    return { difference, differingTokens: 0, hasOtherLength: false };
  }
  let differingTokens = 0;
  for (let index = difference.index; index < Math.max(plain.length, other.length); index++) {
    if (plain[index] !== other[index]) differingTokens++;
  }
  return { difference, differingTokens, hasOtherLength: plain.length !== other.length };
}

/**
 * Where an output leaves plain decoding's, judged by plain's own logits, and by plain decoding in other passes.
 * @param promptTokens - what both continued.
 * @returns undefined if the outputs are equal.
 */
export async function findDifference(
  { target, maxGap, isEndToken }: OutputJudge,
  promptTokens: Int32Array,
  plain: Int32Array,
  other: Int32Array,
  signal: AbortSignal,
): Promise<OutputDifference | undefined> {
  const index = commonPrefixLength(plain, other);
  if (index === plain.length && index === other.length) return undefined;
  const history = Int32Array.from([...promptTokens, ...plain.subarray(0, index)]);
  // One token per pass from the prompt on, as plain decoding came here.
  await target.prefill(promptTokens.subarray(0, -1), signal);
  for (let i = promptTokens.length - 1; i < history.length - 1; i++) {
    await target.evaluateTree(rootOnlyTree(history[i]!), signal);
    target.commit({ nodes: new Int32Array(0), bonusToken: history[i + 1]! });
  }
  const logits = await target.evaluateTree(rootOnlyTree(history.at(-1)!), signal);
  const top = logits.topK(ROOT, 2);
  const [bestLogit, nextLogit] = [top.logits[0]!, top.logits[1]!];
  const plainToken = plain[index] ?? -1;
  const otherToken = other[index] ?? -1;
  const logitOf = (token: Token) => (token === -1 ? bestLogit : logits.logit(ROOT, token));
  const plainLogit = logitOf(plainToken);
  const otherLogit = logitOf(otherToken);
  const gap = bestLogit - nextLogit;
  const difference = { index, plainToken, otherToken, plainLogit, otherLogit, gap };
  /** How far what was emitted instead is behind a row's best token, in logits: 0 if it is the best. Of an output that ended, an end. */
  const lagIn = (row: TreeLogits, node: number): number => {
    const best = row.argmax(node);
    if (otherToken === -1 ? isEndToken(best) : best === otherToken) return 0;
    const likely = row.topK(node, Math.min(NUM_LIKELY, target.vocabSize));
    if (otherToken !== -1) return likely.logits[0]! - row.logit(node, otherToken);
    const end = likely.tokens.findIndex(isEndToken);
    return end === -1 ? Number.POSITIVE_INFINITY : likely.logits[0]! - likely.logits[end]!;
  };
  const lag = lagIn(logits, ROOT);
  target.rewind();
  if (gap < maxGap && lag < maxGap) return { ...difference, isNearTie: true };
  if (!(Math.max(gap, lag) < MAX_GAPS * maxGap)) return { ...difference, isNearTie: false };
  const text = Int32Array.from([...promptTokens, ...plain]);
  const rows = rowsInOtherPasses(target, text, promptTokens.length, history.length - 1, signal);
  const lags = [lag];
  for await (const { logits: row, node } of rows) {
    lags.push(lagIn(row, node));
    if (lags.at(-1) === 0) return { ...difference, isNearTie: true };
  }
  return { ...difference, isNearTie: mayBeNone(lags) };
}

/** Whether one of lags that noise moves might be none. Medians: a single pass that is far off says nothing of the others. */
function mayBeNone(lags: readonly number[]): boolean {
  const middle = lowerMedian(lags);
  const deviation = DEVIATION_OF_MEDIAN * lowerMedian(lags.map((lag) => Math.abs(lag - middle)));
  return middle < MAX_DEVIATIONS * deviation;
}

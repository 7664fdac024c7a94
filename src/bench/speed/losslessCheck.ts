/**
 * Whether an output that parts from plain decoding's does so innocently. With quantized weights a row's logits depend on the
 * rows beside it, so plain decoding parts from itself now and then (docs/lossless.md): an output may part where plain's two best
 * logits are all but equal, or where plain decoding in passes of other rows makes the same choice: the last ones, or all since the
 * prompt, as cells of other passes differ, too. Nothing more is forgiven.
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
/** Rows of the single passes in which plain decoding is asked again, the one in question the last. */
const LAST_ROWS = [2, 3, 4, 8];
/** Rows of the passes in which it then decodes again what it said, from the prompt on. Kernels take four at a time: more are of these. */
const REPLAYED_ROWS = [2, 3, 4, 5];

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
    (await flipsInOtherPasses(target, { promptTokens, plain, index }, isChosen, signal));
  return { ...difference, isNearTie };
}

/** Where plain decoding is asked again: behind a prompt and so many tokens of its output. */
interface Place {
  readonly promptTokens: Int32Array;
  readonly plain: Int32Array;
  readonly index: number;
}

/** Whether plain decoding, in passes of more rows than one, makes the other choice at a place. */
async function flipsInOtherPasses(
  target: TargetModel,
  { promptTokens, plain, index }: Place,
  isChosen: (token: Token) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const text = Int32Array.from([...promptTokens, ...plain]);
  const row = promptTokens.length + index - 1;
  for (const passes of otherPasses(promptTokens.length, row)) {
    if (isChosen(await choiceIn(target, text, row, passes, signal))) return true;
  }
  return false;
}

/** Passes along a text: what is before `start` is read as a prompt, then `first` rows, then `further` ones each. */
interface Passes {
  readonly start: number;
  readonly first: number;
  readonly further: number;
}

function* otherPasses(numPromptTokens: number, row: number): Generator<Passes> {
  for (const numRows of LAST_ROWS) {
    const start = row + 1 - numRows;
    if (start >= 0) yield { start, first: numRows, further: numRows };
  }
  for (const further of REPLAYED_ROWS) {
    for (let first = 1; first <= further; first++) {
      yield { start: numPromptTokens - 1, first, further };
    }
  }
}

/** The target's choice behind a row of the text, in such passes; its cache is as it was before the last of them. */
async function choiceIn(
  target: TargetModel,
  text: Int32Array,
  row: number,
  { start, first, further }: Passes,
  signal: AbortSignal,
): Promise<Token> {
  await target.prefill(text.subarray(0, start), signal);
  for (let at = start, numRows = first; ; at += numRows, numRows = further) {
    const tokens = text.subarray(at, at + numRows);
    const chain = new DraftTreeBuilder(tokens[0]!);
    for (let node = 1; node < tokens.length; node++) {
      chain.add(node - 1, tokens[node]!, { score: 1, source: 0 });
    }
    const logits = await target.evaluateTree(chain.finish(), signal);
    if (row < at + tokens.length) {
      const choice = logits.argmax(row - at);
      target.rewind();
      return choice;
    }
    const nodes = Int32Array.from({ length: tokens.length - 1 }, (_, node) => node + 1);
    target.commit({ nodes, bonusToken: text[at + tokens.length]! });
  }
}

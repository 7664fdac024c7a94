/** Plain decoding, one token per pass: the baseline of every benchmark and the oracle of every test. */

import { concatTokens } from "../base/tokens.ts";
import { countStep, emptyDecodeStats } from "../tree/decodeStats.ts";
import { ROOT, rootOnlyTree } from "../tree/draftTree.ts";
import { type Generation, type GenerationLimits, OutputCollector } from "../tree/generation.ts";
import { type Opening, takeKnown } from "../tree/opening.ts";
import type { TargetModel } from "../tree/targetModel.ts";
import { TokenChooser } from "../tree/tokenChooser.ts";
import type { DecodeObserver } from "./speculativeDecode.ts";

const NO_TOKENS = new Int32Array(0);

/**
 * Continues the prompt with the target's greedy choices.
 *
 * @param promptTokens - at least one token; the last is the first root, unless there is an opening.
 * @param opening - what the output begins with.
 * @throws RangeError if the prompt is empty or maxTokens is not positive; EngineError from the target.
 */
export async function greedyDecode(
  target: TargetModel,
  promptTokens: Int32Array,
  limits: GenerationLimits,
  observer: DecodeObserver,
  signal: AbortSignal,
  opening?: Opening,
): Promise<Generation> {
  if (promptTokens.length === 0) throw new RangeError("the prompt is empty");
  const output = new OutputCollector(limits);
  const chooser = new TokenChooser(limits.constraint);
  const stats = emptyDecodeStats();
  const { now } = observer;
  const knownTokens = concatTokens(promptTokens, opening?.tokens ?? NO_TOKENS);
  takeKnown(opening?.tokens ?? [], output, chooser);
  if (output.length > 0) observer.onTokens?.(output.tokensFrom(0));
  let rootToken = knownTokens.at(-1)!;
  const start = now();
  stats.numPromptTokens = knownTokens.length;
  stats.numReusedTokens = await target.prefill(knownTokens.subarray(0, -1), signal);
  stats.timings.prefillMs = now() - start;
  try {
    while (output.finishReason === undefined && target.kvLength < target.contextSize) {
      signal.throwIfAborted();
      const tree = rootOnlyTree(rootToken);
      const evaluateStart = now();
      const logits = await target.evaluateTree(tree, signal);
      const verifyStart = now();
      rootToken = chooser.choose(logits, ROOT);
      const commitStart = now();
      const path = { nodes: new Int32Array(0), bonusToken: rootToken };
      target.commit(path);
      const end = now();
      stats.timings.evaluateMs += verifyStart - evaluateStart;
      stats.timings.verifyMs += commitStart - verifyStart;
      stats.timings.commitMs += end - commitStart;
      countStep(stats, tree, path, 1);
      const numBefore = output.length;
      output.push(rootToken, 0);
      observer.onTokens?.(output.tokensFrom(numBefore));
    }
  } finally {
    target.rewind();
  }
  return output.finish(stats);
}

/**
 * What the decode loop needs of a model: evaluate, commit, rewind. It decides nothing. `LlamaTarget` implements it on
 * llama.cpp; the draft model is driven through the same interface.
 */

import type { Token } from "../base/tokens.ts";
import type { DraftTree } from "./draftTree.ts";
import type { AcceptedPath } from "./verifyGreedy.ts";

/** The k best entries of one row of logits, best first; equal logits in order of token id. */
export interface TopK {
  /** [<= k] */
  readonly tokens: Int32Array;
  /** [<= k] raw logits of those tokens. */
  readonly logits: Float32Array;
}

/** Logits after one pass, read row by row when asked for: a row is read only if it is walked or harvested. */
export interface TreeLogits {
  /** The target's greedy next token after the path to `node`. */
  argmax(node: number): Token;
  topK(node: number, k: number): TopK;
  /** ln Σ exp(logit) of the row: logit - logSumExp is a natural log-probability. */
  logSumExp(node: number): number;
  logit(node: number, token: Token): number;
}

/** A model with a KV cache. One call at a time; after an abort or an error the cache holds exactly what was committed. */
export interface TargetModel {
  readonly vocabSize: number;
  /** Width of an embedding row, in floats. */
  readonly embeddingWidth: number;
  /** Positions the context can hold. */
  readonly contextSize: number;
  /** Nodes of the largest tree that one pass takes, the root included. */
  readonly maxNodes: number;
  /** Leaves of the widest tree; 1 where only chains can be evaluated. */
  readonly maxBranches: number;
  /** Number of committed positions in the KV cache. */
  readonly kvLength: number;

  /**
   * Makes the cache hold exactly `tokens`: keeps the longest common prefix, of what it held or of an earlier prompt that it
   * has kept aside, and evaluates the rest in parts that are cut at fixed positions, so that the same tokens give the same
   * logits. No tokens: nothing is kept. An abort waits about 100 ms at most where a pass can be stopped in its middle, for a
   * part elsewhere.
   * @returns how many of the tokens the cache already held.
   * @throws EngineError `contextFull` if the tokens do not fit.
   */
  prefill(tokens: Int32Array, signal: AbortSignal): Promise<number>;
  /** How many of these tokens, from the first one on, the cache holds now; prompts that are kept aside not counted. Changes nothing. */
  numHeld(tokens: Int32Array): number;
  /** One forward pass over all nodes; the result is valid until the next call on this model. */
  evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits>;
  /**
   * [tokens.length, embeddingWidth] the model's own input rows: a pass over them gives what one over their tokens does, but where
   * llama.cpp scales tokens' rows alone (Gemma 3): there drafts made of them are worse (`branchedTarget.ts`).
   */
  embeddingRows(tokens: Int32Array): Float32Array;
  /** Keeps the root and this path of the last evaluated tree; drops its other rows. */
  commit(path: AcceptedPath): void;
  /** Drops every row of the last tree. Harmless after commit. */
  rewind(): void;
}

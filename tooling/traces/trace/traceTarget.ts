/**
 * A model that is a recording: it says what it said, in no time. As target it verifies whatever is drafted, as draft model
 * it drafts. Rows that the recording lacks say nothing, and are counted.
 */

import { EngineError } from "../../../src/core/base/errors.ts";
import { type DraftTree, ROOT } from "../../../src/core/tree/draftTree.ts";
import type { TargetModel, TopK, TreeLogits } from "../../../src/core/tree/targetModel.ts";
import { layOutTree } from "../../../src/core/tree/treeBatch.ts";
import { type AcceptedPath, checkPath } from "../../../src/core/tree/verifyGreedy.ts";
import type { LogitsRow, RowTrie } from "./rowTrie.ts";
import { TrieCursor } from "./trieCursor.ts";

/** What the recorded model could take. */
export interface ModelLimits {
  readonly vocabSize: number;
  readonly contextSize: number;
  readonly maxNodes: number;
  readonly maxBranches: number;
}

const NOTHING: TopK = { tokens: new Int32Array(0), logits: new Float32Array(0) };

export class TraceTarget implements TargetModel {
  readonly vocabSize: number;
  readonly contextSize: number;
  readonly maxNodes: number;
  readonly maxBranches: number;
  /** Embeddings were not recorded. */
  readonly embeddingWidth = 0;
  readonly #cursor = new TrieCursor();
  #trie: RowTrie | undefined;
  #pending: DraftTree | undefined;
  #pass = 0;
  #isCollecting = false;
  /** Nodes of the opened trie whose rows were read and are lacking, where they are collected. */
  readonly lacked = new Set<number>();
  /** Rows that were read, each once a pass, ... */
  numRead = 0;
  /** ... and those of them that the recording lacks. */
  numLacked = 0;

  constructor({ vocabSize, contextSize, maxNodes, maxBranches }: ModelLimits) {
    this.vocabSize = vocabSize;
    this.contextSize = contextSize;
    this.maxNodes = maxNodes;
    this.maxBranches = maxBranches;
  }

  get kvLength(): number {
    return this.#cursor.length;
  }

  /**
   * What the model said after this prompt. The cache stays what it is.
   * @param isCollecting - whether what is lacked becomes a node of the trie, and is named by {@link lacked}.
   */
  open(promptTokens: Int32Array, trie: RowTrie, isCollecting = false): void {
    this.rewind();
    this.#isCollecting = isCollecting;
    this.lacked.clear();
    this.#trie = trie;
    this.#cursor.open(promptTokens, trie);
  }

  async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (tokens.length > this.contextSize) {
      throw new EngineError(
        "contextFull",
        `The prompt has ${tokens.length} tokens, the recorded context holds ${this.contextSize}.`,
      );
    }
    this.rewind();
    return this.#cursor.moveTo(tokens);
  }

  numHeld(tokens: Int32Array): number {
    return this.#cursor.numHeld(tokens);
  }

  async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    signal.throwIfAborted();
    const { numBranches } = layOutTree(tree);
    if (tree.size > this.maxNodes || numBranches > this.maxBranches) {
      throw new RangeError(
        `a tree of ${tree.size} nodes and ${numBranches} leaves was given to a model ` +
          `that takes ${this.maxNodes} and ${this.maxBranches}`,
      );
    }
    if (this.kvLength + tree.size > this.contextSize) {
      throw new EngineError(
        "contextFull",
        `${this.kvLength} tokens and a tree of ${tree.size} do not fit the recorded context of ${this.contextSize}.`,
      );
    }
    this.rewind();
    this.#pending = tree;
    return this.#view(this.#cursor.nodesOf(tree, this.#isCollecting));
  }

  embeddingRows(): Float32Array {
    throw new RangeError("a recording knows tokens only, no embeddings");
  }

  commit(path: AcceptedPath): void {
    const tree = this.#pending;
    if (tree === undefined) throw new RangeError("commit without an evaluated tree");
    checkPath(tree, path);
    this.#pending = undefined;
    this.#cursor.append([
      tree.tokens[ROOT]!,
      ...Array.from(path.nodes, (node) => tree.tokens[node]!),
    ]);
  }

  rewind(): void {
    this.#pending = undefined;
  }

  /** @param nodes - [tree.size] of the trie. */
  #view(nodes: Int32Array): TreeLogits {
    const trie = this.#trie;
    const pass = ++this.#pass;
    const seen = new Set<number>();
    const row = (node: number): LogitsRow | undefined => {
      // What is committed stays readable until the next pass, as with a real model.
      if (pass !== this.#pass) throw new RangeError("logits were read after the next pass");
      const at = nodes[node];
      if (at === undefined) throw new RangeError(`node ${node} has no logits`);
      const found = at < 0 ? undefined : trie?.row(at);
      if (!seen.has(node)) {
        seen.add(node);
        this.numRead++;
        if (found === undefined) this.numLacked++;
        if (found === undefined && this.#isCollecting && at >= 0) this.lacked.add(at);
      }
      return found;
    };
    return {
      argmax: (node) => row(node)?.tokens[0] ?? 0,
      topK(node, k) {
        const { tokens, logits } = row(node) ?? NOTHING;
        return { tokens: tokens.subarray(0, k), logits: logits.subarray(0, k) };
      },
      logSumExp: (node) => row(node)?.logSumExp ?? 0,
      logit(node, token) {
        const { tokens, logits } = row(node) ?? NOTHING;
        return logits[tokens.indexOf(token)] ?? Number.NEGATIVE_INFINITY;
      },
    };
  }
}

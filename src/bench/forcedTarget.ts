/**
 * A target that says what no drafter can know: every pass is a real one of the model behind it, but its choices are
 * tokens drawn by seed. What drafting costs where nothing can be predicted is measured on it.
 */
import type { DraftTree } from "../core/draftTree.ts";
import type { TargetModel, TreeLogits } from "../core/targetModel.ts";
import type { Token } from "../core/tokens.ts";
import type { AcceptedPath } from "../core/verifyGreedy.ts";
import { seededRandom } from "./sourceSpots.ts";

/** Multiplier of the FNV-1a hash. */
const FNV_PRIME = 0x01000193;

export class ForcedTarget implements TargetModel {
  readonly #inner: TargetModel;
  readonly #seed: number;
  readonly #isAllowed: (token: Token) => boolean;
  /** Position of the first output token, and the tokens drawn so far. */
  #outputStart = 0;
  #random: () => number = () => 0;
  #forced: Token[] = [];

  /** @param isAllowed - whether a token may be drawn; end tokens may not. At least one must be. */
  constructor(inner: TargetModel, seed: number, isAllowed: (token: Token) => boolean) {
    this.#inner = inner;
    this.#seed = seed;
    this.#isAllowed = isAllowed;
  }

  get vocabSize(): number {
    return this.#inner.vocabSize;
  }
  get embeddingWidth(): number {
    return this.#inner.embeddingWidth;
  }
  get contextSize(): number {
    return this.#inner.contextSize;
  }
  get maxNodes(): number {
    return this.#inner.maxNodes;
  }
  get maxBranches(): number {
    return this.#inner.maxBranches;
  }
  get kvLength(): number {
    return this.#inner.kvLength;
  }

  /** The same prompt is continued by the same tokens. */
  async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    let hash = this.#seed >>> 0;
    for (const token of tokens) hash = Math.imul(hash ^ token, FNV_PRIME) >>> 0;
    this.#random = seededRandom(hash);
    this.#forced = [];
    // The prompt's last token is the first root.
    this.#outputStart = tokens.length + 1;
    return this.#inner.prefill(tokens, signal);
  }

  async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const next = this.#inner.kvLength + 1;
    return this.#view(await this.#inner.evaluateTree(tree, signal), tree, next);
  }

  async evaluateEmbeddings(
    tree: DraftTree,
    embeddings: Float32Array,
    signal: AbortSignal,
  ): Promise<TreeLogits> {
    const next = this.#inner.kvLength + 1;
    return this.#view(await this.#inner.evaluateEmbeddings(tree, embeddings, signal), tree, next);
  }

  embeddingRows(tokens: Int32Array): Float32Array {
    return this.#inner.embeddingRows(tokens);
  }

  commit(path: AcceptedPath): void {
    this.#inner.commit(path);
  }

  rewind(): void {
    this.#inner.rewind();
  }

  /** @param next - position of the token that follows the root. */
  #view(logits: TreeLogits, tree: DraftTree, next: number): TreeLogits {
    const depths = tree.depths.slice();
    return {
      argmax: (node) => {
        // Read and put aside: the search is part of what a pass costs.
        logits.argmax(node);
        return this.#forcedAt(next + depths[node]! - this.#outputStart);
      },
      topK: (node, k) => logits.topK(node, k),
      logSumExp: (node) => logits.logSumExp(node),
      logit: (node, token) => logits.logit(node, token),
    };
  }

  #forcedAt(index: number): Token {
    while (this.#forced.length <= index) {
      const token = Math.floor(this.#random() * this.vocabSize);
      if (this.#isAllowed(token)) this.#forced.push(token);
    }
    return this.#forced[index]!;
  }
}

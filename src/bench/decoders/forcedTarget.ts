/**
 * A target that says what no drafter can know: every pass is a real one of the model behind it, but its choices are
 * tokens drawn by seed. What drafting costs where nothing can be predicted is measured on it.
 */

import type { Token } from "../../core/base/tokens.ts";
import type { DraftTree } from "../../core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../core/tree/targetModel.ts";
import { WrappedTarget } from "../base/wrappedTarget.ts";
import { seededRandom } from "../spots/sourceSpots.ts";

/** Multiplier of the FNV-1a hash. */
const FNV_PRIME = 0x01000193;

export class ForcedTarget extends WrappedTarget {
  readonly #seed: number;
  readonly #isAllowed: (token: Token) => boolean;
  /** Position of the first output token, and the tokens drawn so far. */
  #outputStart = 0;
  #random: () => number = () => 0;
  #forced: Token[] = [];

  /** @param isAllowed - whether a token may be drawn; end tokens may not. At least one must be. */
  constructor(inner: TargetModel, seed: number, isAllowed: (token: Token) => boolean) {
    super(inner);
    this.#seed = seed;
    this.#isAllowed = isAllowed;
  }

  /** The same prompt is continued by the same tokens. */
  override async prefill(tokens: Int32Array, signal: AbortSignal): Promise<number> {
    let hash = this.#seed >>> 0;
    for (const token of tokens) hash = Math.imul(hash ^ token, FNV_PRIME) >>> 0;
    this.#random = seededRandom(hash);
    this.#forced = [];
    // The prompt's last token is the first root.
    this.#outputStart = tokens.length + 1;
    return super.prefill(tokens, signal);
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const next = this.kvLength + 1;
    return this.#view(await super.evaluateTree(tree, signal), tree, next);
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

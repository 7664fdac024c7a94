/**
 * Drafts what the target said before in a like place: walks the recycling store, the likeliest node first.
 * @see Luo et al., Token Recycling (arXiv 2408.08696); STAND (arXiv 2506.04708).
 */

import type { Token } from "../base/tokens.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, sourceBit, survivals } from "../tree/draftTree.ts";
import { LEAST_CHANCE, MAX_DEPTH, MAX_WIDTH } from "../tree/policyConstants.ts";
import {
  type FoundRow,
  MAX_KEY_LENGTH,
  MAX_SUCCESSORS,
  type RecyclingStore,
} from "./recyclingStore.ts";
import { takeBest } from "./takeBest.ts";

/** A node that could be added: the rank-th successor in a row. */
interface Candidate {
  readonly parent: number;
  /** The tokens before it, at most {@link MAX_KEY_LENGTH}. */
  readonly recent: readonly Token[];
  readonly depth: number;
  readonly row: FoundRow;
  readonly rank: number;
  readonly parentSurvival: number;
  readonly score: number;
  readonly survival: number;
}

/**
 * Drafts from a {@link RecyclingStore}, which outlives generations. The papers' static trees are templates of 80 nodes;
 * here the best nodes by product of scores give that shape for any budget. At temperature 0 children are the likeliest,
 * without STAND's Gumbel noise.
 */
export class RecyclingDrafter implements Drafter {
  readonly source = "recycling";
  readonly learnsWhilePaused = true;
  readonly #store: RecyclingStore;
  /**
   * The last tokens of text and output. The first root is a FIM marker, which has no successors of its own; the prefix's
   * end, which this ends with then, has.
   */
  #recent: readonly Token[] = [];
  /** Whether it was asked for a draft in this step. */
  #hasDrafted = false;

  constructor(store: RecyclingStore) {
    this.#store = store;
  }

  async begin(context: GenerationContext): Promise<void> {
    this.#store.learnBigrams(context.prefixTokens);
    this.#store.learnBigrams(context.suffixTokens);
    this.#recent = Array.from(context.prefixTokens.subarray(-MAX_KEY_LENGTH));
  }

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    this.#hasDrafted = true;
    const tree = new DraftTreeBuilder(rootToken);
    const maxDepth = Math.min(MAX_DEPTH, budget.maxDepth);
    const source = sourceBit(this.source);
    // The next candidate of a row is pushed when the one before is taken.
    const candidates: Candidate[] = [];
    const push = (at: Omit<Candidate, "score" | "survival">) => {
      const score = scoreOf(at.row, at.rank);
      const survival = at.parentSurvival * score;
      if (score < LEAST_CHANCE || survival < budget.minSurvival) return;
      candidates.push({ ...at, score, survival });
    };
    const expand = (parent: number, recent: readonly Token[], depth: number, survival: number) => {
      const row = depth > maxDepth ? undefined : this.#store.find(recent);
      if (row !== undefined)
        push({ parent, recent, depth, row, rank: 0, parentSurvival: survival });
    };
    expand(ROOT, this.#recent, 1, 1);
    while (tree.size <= budget.maxNodes) {
      const best = takeBest(candidates);
      if (best === undefined) break;
      const { parent, recent, depth, row, rank, score, survival } = best;
      const token = row.tokens[rank]!;
      const node = tree.add(parent, token, { score, source });
      push({ ...best, rank: rank + 1 });
      expand(node, extended(recent, token), depth + 1, survival);
    }
    return tree.finish();
  }

  learn(step: VerifiedStep): void {
    this.#harvest(step);
    this.#hasDrafted = false;
    for (const token of step.committed) this.#recent = extended(this.#recent, token);
  }

  #harvest({ tree, path, logits }: VerifiedStep): void {
    if (tree.size === 1 && !this.#hasDrafted) {
      this.#store.learnRowLater(this.#recent, logits.topK(ROOT, MAX_SUCCESSORS));
      return;
    }
    const keys = this.#keysOf(tree);
    const walked = [ROOT, ...path.nodes];
    // One that did not draft takes only what the target went through. Each costs one row scan.
    const maxRows = this.#hasDrafted ? MAX_WIDTH : 0;
    const survival = survivals(tree);
    const others = Array.from(survival.keys())
      .filter((node) => !walked.includes(node))
      .sort((a, b) => survival[b]! - survival[a]! || a - b)
      .slice(0, Math.max(0, maxRows - walked.length));
    // The likelier the later, accepted rows last: where a token occurs twice, the row in the credible context stays.
    for (const node of [...others.reverse(), ...walked]) {
      this.#store.learnRow(keys[node]!, logits.topK(node, MAX_SUCCESSORS));
    }
  }

  /** [tree.size] the last tokens of the text up to each node. */
  #keysOf(tree: DraftTree): (readonly Token[])[] {
    const keys: (readonly Token[])[] = [this.#recent];
    for (let node = 1; node < tree.size; node++) {
      keys.push(extended(keys[tree.parents[node]!]!, tree.tokens[node]!));
    }
    return keys;
  }
}

/**
 * How likely the target chooses the token of this rank; 0 where there is none. Each further token of the key halves the doubt that the
 * row says anything here: the choice was in it in 50, 78, 86 and 97 % of 6,700 rows of the tiny target.
 */
function scoreOf({ probs, keyLength }: FoundRow, rank: number): number {
  return (1 - 0.5 ** keyLength) * (probs[rank] ?? 0);
}

/** The last tokens of a text that goes on by one. */
function extended(recent: readonly Token[], token: Token): readonly Token[] {
  return [...recent.slice(1 - MAX_KEY_LENGTH), token];
}

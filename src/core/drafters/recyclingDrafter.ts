/**
 * Drafts what the target said before in a like place: walks the recycling store, the likeliest node first.
 * @see Luo et al., Token Recycling (arXiv 2408.08696); STAND (arXiv 2506.04708).
 */

import type { Token } from "../base/tokens.ts";
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, sourceBit, survivals } from "../tree/draftTree.ts";
import {
  type FoundRow,
  MAX_KEY_LENGTH,
  MAX_SUCCESSORS,
  type RecyclingStore,
} from "./recyclingStore.ts";
import { takeBest } from "./takeBest.ts";

/** Beyond Token Recycling's static tree (6): where four tokens agree, so do the next ones. */
const MAX_DEPTH = 16;
/** Rows harvested per step at most: the walked ones and the likeliest others. Each costs one row scan. */
const MAX_HARVESTED_ROWS = 8;
/**
 * What a stored row says of the target's next greedy choice, by the length of the key it was found by: how often the
 * choice is in the row at all, and a power that sharpens the row. Where four tokens agree the target mostly chooses as
 * it did before, which is likelier than its probability then; where fewer do, the row is another context's. Fitted by
 * likelihood with the tiny target on TypeScript sources (6,700 rows).
 */
const KEY_CREDIT = [
  { share: 0, power: 1 },
  { share: 0.5, power: 1 },
  { share: 0.78, power: 1 },
  { share: 0.86, power: 1 },
  { share: 0.97, power: 2 },
];
const MIN_SCORE = 0.01;

/** A node that could be added: the rank-th successor in a row. */
interface Candidate {
  readonly parent: number;
  /** The tokens before it, at most {@link MAX_KEY_LENGTH}. */
  readonly recent: readonly Token[];
  readonly depth: number;
  readonly row: FoundRow;
  /** [row.tokens.length] how likely each is chosen. */
  readonly scores: readonly number[];
  readonly rank: number;
  readonly parentSurvival: number;
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
    const push = (at: Omit<Candidate, "survival">) => {
      const { parent, recent, depth, row, scores, rank, parentSurvival } = at;
      const score = scores[rank];
      if (score === undefined || score < MIN_SCORE) return;
      const survival = parentSurvival * score;
      if (survival < budget.minSurvival) return;
      candidates.push({ parent, recent, depth, row, scores, rank, parentSurvival, survival });
    };
    const expand = (parent: number, recent: readonly Token[], depth: number, survival: number) => {
      const row = depth > maxDepth ? undefined : this.#store.find(recent);
      if (row === undefined) return;
      const scores = scoresOf(row);
      push({ parent, recent, depth, row, scores, rank: 0, parentSurvival: survival });
    };
    expand(ROOT, this.#recent, 1, 1);
    while (tree.size <= budget.maxNodes) {
      const best = takeBest(candidates);
      if (best === undefined) break;
      const { parent, recent, depth, row, scores, rank, parentSurvival, survival } = best;
      const token = row.tokens[rank]!;
      const node = tree.add(parent, token, { score: scores[rank]!, source });
      push({ parent, recent, depth, row, scores, rank: rank + 1, parentSurvival });
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
    // One that did not draft takes only what the target went through.
    const maxRows = this.#hasDrafted ? MAX_HARVESTED_ROWS : 0;
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

/** [row.tokens.length] how likely the target chooses each, falling; they add up to 1 at most. */
function scoresOf({ probs, keyLength }: FoundRow): readonly number[] {
  const { share, power } = KEY_CREDIT[keyLength]!;
  const scores: number[] = [];
  let total = 0;
  let sum = 0;
  for (const prob of probs) {
    const sharp = power === 1 ? prob : prob ** power;
    scores.push(sharp);
    total += prob;
    sum += sharp;
  }
  const scale = (share * Math.min(1, total)) / sum;
  for (let rank = 0; rank < scores.length; rank++) scores[rank]! *= scale;
  return scores;
}

/** The last tokens of a text that goes on by one. */
function extended(recent: readonly Token[], token: Token): readonly Token[] {
  return [...recent.slice(1 - MAX_KEY_LENGTH), token];
}

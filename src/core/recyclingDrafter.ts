/**
 * Token Recycling: the target's own top-k after each token, kept and walked as the next draft.
 * @see Luo et al., Token Recycling (arXiv 2408.08696); ALGORITHMS §1.
 */
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "./drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, sourceBit, survivals } from "./draftTree.ts";
import { takeBest } from "./takeBest.ts";
import type { Token } from "./tokens.ts";

/** Successors kept per token (k in the paper). */
export const NUM_SUCCESSORS = 8;
/** Depth of the paper's static tree. */
const MAX_DEPTH = 6;
/** Rows harvested per step at most: the walked ones and the likeliest others. Each costs one row scan. */
const MAX_HARVESTED_ROWS = 8;
const EMPTY = -1;

/**
 * Assumed acceptance of the r-th successor where only its order is known (text bigrams), and the share of the target's
 * own renormalized probability that survives a change of context. Starting values until calibration measures them.
 */
const RANK_SCORES = [0.4, 0.12, 0.06, 0.04, 0.03, 0.02, 0.02, 0.02];
const RECYCLED_SHARE = 0.55;
const MIN_SCORE = 0.01;

/**
 * The adjacency matrix: for every token the most likely successors seen the last time it was an input token.
 * 8 bytes × vocabSize × {@link NUM_SUCCESSORS} (0.5 MB at 8k tokens, 9.7 MB at 152k).
 *
 * Departs from the paper in three points. Empty entries are a sentinel, not token 0. Scores are stored beside the
 * tokens: probabilities renormalized over the k, so that a budget can compare them with other sources. The tree is not
 * the static 80-node template but the best nodes by product of scores, which is that template's shape for any budget.
 */
export class RecyclingStore {
  readonly vocabSize: number;
  readonly #tokens: Int32Array;
  readonly #scores: Float32Array;

  constructor(vocabSize: number) {
    this.vocabSize = vocabSize;
    this.#tokens = new Int32Array(vocabSize * NUM_SUCCESSORS).fill(EMPTY);
    this.#scores = new Float32Array(vocabSize * NUM_SUCCESSORS);
  }

  /** The r-th successor of a token and its score, or undefined. */
  successor(token: Token, rank: number): { token: Token; score: number } | undefined {
    if (token < 0 || token >= this.vocabSize || rank >= NUM_SUCCESSORS) return undefined;
    const index = token * NUM_SUCCESSORS + rank;
    const successor = this.#tokens[index]!;
    return successor === EMPTY ? undefined : { token: successor, score: this.#scores[index]! };
  }

  /**
   * Replaces a row by the target's top-k there.
   * @param logits - [k] raw logits of `tokens`, best first.
   */
  learnRow(token: Token, tokens: Int32Array, logits: Float32Array): void {
    if (token < 0 || token >= this.vocabSize || tokens.length === 0) return;
    const best = logits[0]!;
    if (!Number.isFinite(best)) return;
    let sum = 0;
    for (const logit of logits) sum += Math.exp(logit - best);
    for (let rank = 0; rank < NUM_SUCCESSORS; rank++) {
      const index = token * NUM_SUCCESSORS + rank;
      const successor = tokens[rank];
      this.#tokens[index] = successor ?? EMPTY;
      this.#scores[index] =
        successor === undefined ? 0 : (RECYCLED_SHARE * Math.exp(logits[rank]! - best)) / sum;
    }
  }

  /**
   * Hot start: rows that are still empty get the text's own successors, by count, newest first among equals.
   * Real logits overwrite them (the paper harvests none of the prompt; flagging it for output would cost
   * n_prompt × n_vocab floats).
   */
  learnBigrams(tokens: Int32Array): void {
    const counts = new Map<Token, Map<Token, number>>();
    // Backwards, so that a Map's insertion order is newest first.
    for (let i = tokens.length - 2; i >= 0; i--) {
      const token = tokens[i]!;
      if (this.successor(token, 0) !== undefined) continue;
      const row = counts.get(token) ?? new Map<Token, number>();
      counts.set(token, row);
      row.set(tokens[i + 1]!, (row.get(tokens[i + 1]!) ?? 0) + 1);
    }
    for (const [token, row] of counts) {
      const successors = [...row].sort((a, b) => b[1] - a[1]).slice(0, NUM_SUCCESSORS);
      successors.forEach(([successor], rank) => {
        this.#tokens[token * NUM_SUCCESSORS + rank] = successor;
        this.#scores[token * NUM_SUCCESSORS + rank] = RANK_SCORES[rank]!;
      });
    }
  }
}

/** Drafts from a {@link RecyclingStore}, which outlives generations. */
export class RecyclingDrafter implements Drafter {
  readonly source = "recycling";
  readonly #store: RecyclingStore;
  /** The text token that the first root stands for: a FIM marker has no successors of its own, the prefix's end has. */
  #lastTextToken: Token = EMPTY;
  #atStart = true;

  constructor(store: RecyclingStore) {
    this.#store = store;
  }

  async begin(context: GenerationContext): Promise<void> {
    this.#store.learnBigrams(context.prefixTokens);
    this.#store.learnBigrams(context.suffixTokens);
    this.#lastTextToken = context.prefixTokens.at(-1) ?? EMPTY;
    this.#atStart = true;
  }

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    const tree = new DraftTreeBuilder(rootToken);
    const maxDepth = Math.min(MAX_DEPTH, budget.maxDepth);
    // A candidate is "the r-th child of a node": the next one of a node is pushed when this one is taken.
    const candidates: Candidate[] = [];
    const push = (
      parent: number,
      parentToken: Token,
      rank: number,
      survival: number,
      depth: number,
    ) => {
      const next = this.#store.successor(parentToken, rank);
      if (next === undefined || next.score < MIN_SCORE || depth > maxDepth) return;
      if (survival * next.score < budget.minSurvival) return;
      candidates.push({
        parent,
        parentToken,
        rank,
        depth,
        token: next.token,
        score: next.score,
        parentSurvival: survival,
        survival: survival * next.score,
      });
    };
    push(ROOT, this.#atStart ? this.#lastTextToken : rootToken, 0, 1, 1);
    while (tree.size <= budget.maxNodes) {
      const best = takeBest(candidates);
      if (best === undefined) break;
      const { token, score, rank } = best;
      const node = tree.add(best.parent, token, { score, rank, source: sourceBit(this.source) });
      push(best.parent, best.parentToken, rank + 1, best.parentSurvival, best.depth);
      push(node, token, 0, best.survival, best.depth + 1);
    }
    return tree.finish();
  }

  learn(step: VerifiedStep): void {
    const { tree, path, logits } = step;
    const walked = [ROOT, ...path.nodes];
    const survival = survivals(tree);
    const others = Array.from(survival.keys())
      .filter((node) => !walked.includes(node))
      .sort((a, b) => survival[b]! - survival[a]! || a - b)
      .slice(0, Math.max(0, MAX_HARVESTED_ROWS - walked.length));
    // The likelier the later, accepted rows last: where a token occurs twice, the row in the credible context stays.
    for (const node of [...others.reverse(), ...walked]) {
      const key = node === ROOT && this.#atStart ? this.#lastTextToken : tree.tokens[node]!;
      const top = logits.topK(node, NUM_SUCCESSORS);
      this.#store.learnRow(key, top.tokens, top.logits);
    }
    this.#atStart = false;
  }
}

interface Candidate {
  readonly parent: number;
  readonly parentToken: Token;
  readonly rank: number;
  readonly depth: number;
  readonly token: Token;
  readonly score: number;
  readonly parentSurvival: number;
  readonly survival: number;
}

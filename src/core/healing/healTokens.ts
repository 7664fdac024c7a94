/**
 * Token healing: the tokens that complete the text which a prompt left pending, chosen by the target alone before
 * anything is drafted. Not the greedy first token of those that agree: a short one may be likely where all that follows
 * it is not. Compared are whole ways to cover the text, by their joint probability.
 *
 * Log-probabilities are compared as the rows have them, over the whole vocabulary: their sum is that of the text. Shares
 * of what the pending text allows, row by row, would call a lonely token certain and favour the paths that lead into a
 * corner. What is told of a path afterwards is its probability given the pending text: its share of all covers seen.
 *
 * @see Lundberg, "Prompt Boundaries and Token Healing" (2023); Phan et al. (arXiv 2410.09303), byte-level exactness.
 */

import { logSumExp } from "../base/logSumExp.ts";
import { concatTokens, type Token } from "../base/tokens.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, rootOnlyTree } from "../tree/draftTree.ts";
import type { Opening, ScoredTokens } from "../tree/opening.ts";
import type { TargetModel, TreeLogits } from "../tree/targetModel.ts";
import { constrainedRow } from "../tree/tokenConstraint.ts";
import { verifyGreedy } from "../tree/verifyGreedy.ts";
import type { PendingText } from "./pendingText.ts";

export interface HealLimits {
  /** Rows of a pass beside the root's. */
  readonly maxNodes: number;
  /** Passes after which the best cover so far is taken, or the greedy one if there is none. */
  readonly maxPasses: number;
  /** Covers that are looked at behind each path, and alternatives that are told of. */
  readonly maxCovers: number;
}

export const HEAL_LIMITS: HealLimits = { maxNodes: 8, maxPasses: 4, maxCovers: 8 };

export interface HealParams {
  readonly target: TargetModel;
  /** [>= 1] what stands before the pending text. */
  readonly promptTokens: Int32Array;
  readonly pending: PendingText;
  /** How the pending text is written without healing: part of the first pass, which then often is the only one. */
  readonly likelyTokens?: Int32Array | undefined;
  readonly limits?: HealLimits | undefined;
}

export interface HealedOpening extends Opening {
  /** Passes of the target that it took. */
  readonly numPasses: number;
}

/** Tokens that agree with the pending text. */
interface Path {
  readonly tokens: readonly Token[];
  /** Sum of natural log-probabilities. */
  readonly logProb: number;
  /** What is left; undefined for a cover. */
  readonly rest: PendingText | undefined;
  /** Of the last token: what it adds to the text. */
  readonly newBytes: Uint8Array;
}

/**
 * The likeliest tokens whose bytes begin with the pending text, the last of which completes it. Found best-first:
 * likelihood never rises along a path, so once no unfinished one is likelier than the best cover, that is the best of all.
 * Where the limits end the search first it is the best that was seen. A target without branches takes the likeliest
 * token of those that agree, one after the other.
 *
 * @returns what decoding begins with. The alternatives are those that were seen on the way.
 * @throws RangeError if the prompt is empty; EngineError from the target; AbortError. At every throw the target's cache
 *   equals its committed tokens, which are a beginning of the prompt and of what was chosen.
 */
export async function healTokens(params: HealParams, signal: AbortSignal): Promise<HealedOpening> {
  const { target, promptTokens } = params;
  if (promptTokens.length === 0) throw new RangeError("the prompt is empty");
  await target.prefill(promptTokens.subarray(0, -1), signal);
  const search = new CoverSearch(params);
  try {
    if (target.maxBranches > 1) await search.run(signal);
    return search.best === undefined ? await search.finishGreedily(signal) : search.finish();
  } finally {
    target.rewind();
  }
}

class CoverSearch {
  readonly #target: TargetModel;
  readonly #promptTokens: Int32Array;
  readonly #likelyTokens: Int32Array;
  readonly #limits: HealLimits;
  /** Unfinished paths whose rows were not read yet, by their tokens. */
  readonly #open = new Map<string, Path>();
  #covers: Path[] = [];
  /** The tree of the last pass, which can be committed. */
  #tree: DraftTree | undefined;
  #numPasses = 0;

  constructor(params: HealParams) {
    const { target, promptTokens, pending, likelyTokens, limits = HEAL_LIMITS } = params;
    this.#target = target;
    this.#promptTokens = promptTokens;
    this.#likelyTokens = likelyTokens ?? new Int32Array(0);
    this.#limits = limits;
    this.#add({ tokens: [], logProb: 0, rest: pending, newBytes: new Uint8Array(0) });
  }

  /** The first found of the likeliest covers. */
  get best(): Path | undefined {
    return this.#covers.reduce<Path | undefined>(
      (best, cover) => (best === undefined || cover.logProb > best.logProb ? cover : best),
      undefined,
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    while (this.#numPasses < this.#limits.maxPasses) {
      const bound = this.best?.logProb ?? Number.NaN;
      const winning = this.#openPaths.filter(({ logProb }) => !(logProb <= bound));
      const paths = this.#numPasses === 0 ? [...winning, ...this.#likelyPaths] : winning;
      if (winning.length === 0) return;
      const tree = this.#treeOf(paths);
      if (tree === undefined) return;
      this.#read(tree, await this.#evaluate(tree, signal));
    }
  }

  finish(): HealedOpening {
    const best = this.best!;
    if (this.#tree !== undefined) this.#commit(this.#tree, best.tokens);
    const others = this.#covers
      .filter((cover) => cover !== best)
      .sort((a, b) => b.logProb - a.logProb)
      .slice(0, this.#limits.maxCovers);
    return {
      ...this.#scored(best),
      newText: new TextDecoder().decode(best.newBytes),
      alternatives: others.map((cover) => this.#scored(cover)),
      numPasses: this.#numPasses,
    };
  }

  /** Goes on from the likeliest unfinished path, a token a pass. */
  async finishGreedily(signal: AbortSignal): Promise<HealedOpening> {
    let path = this.#openPaths[0]!;
    const logProbs = path.tokens.map(() => 0);
    if (path.tokens.length > 0) this.#commit(this.#tree!, path.tokens);
    for (;;) {
      const known = concatTokens(this.#promptTokens, Int32Array.from(path.tokens));
      await this.#target.prefill(known.subarray(0, -1), signal);
      const logits = await this.#evaluate(rootOnlyTree(known.at(-1)!), signal);
      const row = constrainedRow(logits, ROOT, path.rest);
      const token = row.argmax();
      logProbs.push(finiteOr0(row.logit(token) - row.logSumExp()));
      const next = this.#behind(path, token, Number.NaN);
      this.#target.commit({ nodes: new Int32Array(0), bonusToken: token });
      path = next;
      if (path.rest === undefined) break;
    }
    return {
      tokens: Int32Array.from(path.tokens),
      logProbs: Float64Array.from(logProbs),
      newText: new TextDecoder().decode(path.newBytes),
      alternatives: [],
      numPasses: this.#numPasses,
    };
  }

  /** The likeliest first; of equals the one that was found first. */
  get #openPaths(): Path[] {
    return [...this.#open.values()].sort((a, b) => b.logProb - a.logProb);
  }

  /** Beginnings of the likely tokens that leave something pending, as far as a pass takes them. */
  get #likelyPaths(): Pick<Path, "tokens">[] {
    const paths: Pick<Path, "tokens">[] = [];
    let { rest } = this.#openPaths[0]!;
    for (const [index, token] of this.#likelyTokens.entries()) {
      rest = rest?.after(token);
      if (rest === undefined) break;
      paths.push({ tokens: Array.from(this.#likelyTokens.subarray(0, index + 1)) });
    }
    return paths;
  }

  /** The paths as one tree, as many as fit; undefined where none does. */
  #treeOf(paths: readonly Pick<Path, "tokens">[]): DraftTree | undefined {
    const { contextSize, kvLength, maxNodes, maxBranches } = this.#target;
    const maxSize = Math.min(this.#limits.maxNodes + 1, maxNodes, contextSize - kvLength);
    if (maxSize < 1) return undefined;
    const builder = new DraftTreeBuilder(this.#promptTokens.at(-1)!);
    let numLeaves = 1;
    let numPaths = 0;
    for (const { tokens } of paths) {
      let node = ROOT;
      let depth = 0;
      for (; depth < tokens.length; depth++) {
        const child = builder.child(node, tokens[depth]!);
        if (child === -1) break;
        node = child;
      }
      const opensLeaf = depth < tokens.length && builder.numChildren(node) > 0;
      if (builder.size + tokens.length - depth > maxSize) continue;
      if (opensLeaf && numLeaves >= maxBranches) continue;
      if (opensLeaf) numLeaves++;
      for (; depth < tokens.length; depth++) {
        node = builder.add(node, tokens[depth]!, { score: 1, source: 0 });
      }
      numPaths++;
    }
    return numPaths === 0 ? undefined : builder.finish();
  }

  async #evaluate(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    signal.throwIfAborted();
    const logits = await this.#target.evaluateTree(tree, signal);
    this.#tree = tree;
    this.#numPasses++;
    return logits;
  }

  /** Reads the rows of unfinished paths; parents come first, so that what they lead to is known. */
  #read(tree: DraftTree, logits: TreeLogits): void {
    for (let node = ROOT; node < tree.size; node++) {
      const key = pathTo(tree, node).join(" ");
      const path = this.#open.get(key);
      if (path?.rest === undefined) continue;
      this.#open.delete(key);
      const { covers, parts } = path.rest;
      const logSumExp = logits.logSumExp(node);
      if (covers.length > 0) {
        const only = { next: covers, after: () => undefined };
        const top = constrainedRow(logits, node, only).topK(this.#limits.maxCovers);
        for (const [rank, token] of top.tokens.entries()) {
          this.#add(this.#behind(path, token, top.logits[rank]! - logSumExp));
        }
      }
      for (const token of parts) {
        this.#add(this.#behind(path, token, logits.logit(node, token) - logSumExp));
      }
    }
  }

  #add(path: Path): void {
    if (path.rest === undefined) this.#covers.push(path);
    else this.#open.set(path.tokens.join(" "), path);
  }

  #behind(path: Path, token: Token, logProb: number): Path {
    const { tokens, rest } = path;
    const sum = path.logProb + logProb;
    return {
      tokens: [...tokens, token],
      logProb: Number.isNaN(sum) ? Number.NEGATIVE_INFINITY : sum,
      rest: rest!.after(token),
      newBytes: rest!.addedBy(token),
    };
  }

  /**
   * Keeps the cells that the last pass has of these tokens. The last of them has none, as only what leaves something pending was
   * evaluated: it is the root of what follows.
   */
  #commit(tree: DraftTree, tokens: readonly Token[]): void {
    let depth = 0;
    this.#target.commit(verifyGreedy(tree, () => tokens[depth++]!));
  }

  /** Each token's probability given those before it and that the pending text comes, as far as its covers were seen. */
  #scored({ tokens }: Path): ScoredTokens {
    const massBehind = (depth: number) =>
      logSumExp(
        this.#covers
          .filter((cover) => tokens.slice(0, depth).every((token, i) => cover.tokens[i] === token))
          .map(({ logProb }) => logProb),
      );
    const masses = Array.from({ length: tokens.length + 1 }, (_, depth) => massBehind(depth));
    return {
      tokens: Int32Array.from(tokens),
      logProbs: Float64Array.from(tokens, (_, i) => finiteOr0(masses[i + 1]! - masses[i]!)),
    };
  }
}

/** Tokens below the root down to a node. */
function pathTo(tree: DraftTree, node: number): Token[] {
  const tokens: Token[] = [];
  for (let at = node; at !== ROOT; at = tree.parents[at]!) tokens.unshift(tree.tokens[at]!);
  return tokens;
}

/** Among what is impossible alike, nothing says more. */
function finiteOr0(logProb: number): number {
  return Number.isNaN(logProb) ? 0 : logProb;
}

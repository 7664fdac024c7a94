/**
 * How a draft model's tree grows: which of its likely tokens become nodes, and which nodes are worth another pass.
 * Pure: the passes are {@link FrontierPasses}' matter.
 */

import type { Token } from "../base/tokens.ts";
import type { DraftMode, DraftWorth } from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, survivals } from "../tree/draftTree.ts";
import { LEAST_CHANCE, MAX_WIDTH } from "../tree/policyConstants.ts";
import type { GrownNode } from "./frontierPasses.ts";

/** The likeliest next tokens by the model's own distribution. */
export interface TopProbs {
  /** [<= k] best first. */
  readonly tokens: Int32Array;
  /** [<= k] their probabilities, falling. */
  readonly probs: Float32Array;
}

/** What a mode allows. */
interface Shape {
  /** Nodes looked beyond in one pass; one row of a pass each. */
  readonly maxWidth: number;
  readonly maxSiblings: number;
}

const SHAPES: Readonly<Record<DraftMode, Shape>> = {
  chain: { maxWidth: 1, maxSiblings: 1 },
  tree: { maxWidth: MAX_WIDTH, maxSiblings: MAX_WIDTH },
};

/** What one draft may become. */
export interface GrowthLimits {
  readonly mode: DraftMode;
  readonly maxNodes: number;
  readonly maxDepth: number;
  readonly maxPasses: number;
  /** No node is drafted, and none looked beyond, that the target reaches with a smaller chance. */
  readonly minSurvival: number;
  readonly minExpandedSurvival: number;
  /** Absent: what a pass costs is not known, and the thresholds alone decide. */
  readonly worth?: DraftWorth | undefined;
  readonly isEndToken: (token: Token) => boolean;
}

interface ModelNode extends GrownNode {
  readonly score: number;
  /** By the draft's own probabilities. */
  readonly survival: number;
}

/**
 * A tree that grows by passes of the model (EAGLE-2's and OPT-Tree's way). Where others have drafted, the first pass judges that, and
 * later ones go on from it: the model's chances say which copies to believe, and what was copied rightly takes no passes to draft.
 * @see RASD (arXiv 2503.03434), whose draft model filters what was retrieved, and cascade speculative drafting (Chen et al.,
 *   NeurIPS 2024), whose draft model verifies what a cheaper one drafts.
 */
export class DraftGrowth {
  /** The root first, parents before children. */
  readonly nodes: ModelNode[];
  /** Nodes that were looked beyond. */
  readonly looked = new Set<number>();
  readonly #limits: GrowthLimits;
  readonly #shape: Shape;
  readonly #others: DraftTree | undefined;
  /** Nodes that others drafted, by their parents; all of them, and those that the model has not judged. */
  readonly #othersBelow = new Map<number, number[]>();
  #numOthers = 0;
  readonly #unjudged = new Set<number>();
  #numPasses = 0;

  /** @param others - what others drafted, scores the chances that the target chooses each; judged where costs are known. */
  constructor(rootToken: Token, limits: GrowthLimits, others?: DraftTree) {
    this.nodes = [{ token: rootToken, parent: -1, depth: 0, score: 1, survival: 1 }];
    this.#limits = limits;
    this.#shape = SHAPES[limits.mode];
    this.#others = others;
  }

  /**
   * The nodes that the next pass looks beyond; none where no pass pays. One more pass while the
   * tokens that it is expected to bring are worth more than it costs: OPT-Tree's gain of a level (arXiv 2406.17276)
   * against SpecDec++'s threshold (arXiv 2405.19715) in marginal form. Gains fall from level to
   * level, so looking one pass ahead is enough.
   *
   * @param numRows - of a pass over such nodes; undefined where the model cannot take it.
   */
  nextFrontier(numRows: (frontier: readonly number[]) => number | undefined): readonly number[] {
    const { maxNodes, maxDepth, maxPasses, minExpandedSurvival, isEndToken } = this.#limits;
    const { maxWidth, maxSiblings } = this.#shape;
    // Each pass of a chain adds one node.
    const numUseful = maxSiblings === 1 ? Math.min(maxPasses, maxNodes) : maxPasses;
    if (this.#numPasses >= numUseful || maxNodes < 1 || maxDepth < 1) return [];
    if (this.#numPasses++ === 0) return this.#firstFrontier(numRows);
    const open = Array.from(this.nodes.keys())
      .filter((node) => {
        const { depth, survival, token } = this.nodes[node]!;
        const isOpen = depth < maxDepth && !this.looked.has(node) && !isEndToken(token);
        return isOpen && survival >= minExpandedSurvival;
      })
      .sort((a, b) => this.nodes[b]!.survival - this.nodes[a]!.survival);
    const candidates: number[] = [];
    for (const node of open) {
      if (candidates.length === maxWidth) break;
      if (numRows([node]) !== undefined) candidates.push(node);
    }
    let best: { frontier: readonly number[]; gainMs: number } = { frontier: [], gainMs: 0 };
    for (let width = 1; width <= candidates.length; width++) {
      const frontier = candidates.slice(0, width);
      const rows = numRows(frontier);
      if (rows === undefined) break;
      const gainMs = this.#gainMs(frontier, rows);
      if (gainMs > best.gainMs) best = { frontier, gainMs };
    }
    return best.frontier;
  }

  /** Adds the likely tokens after a node of the frontier; those that others drafted there have the model's chance now. */
  grow(node: number, nextProbs: TopProbs): void {
    this.looked.add(node);
    const { depth, survival: parentSurvival } = this.nodes[node]!;
    const { tokens, probs } = nextProbs;
    const known = this.#othersBelow.get(node) ?? [];
    // A row that says nothing, as a recording's may, judges nothing; nor is known what follows what was not judged.
    const isKnown = tokens.length > 0 && !this.#unjudged.has(node);
    for (const child of known) {
      const own = this.nodes[child]!;
      const listed = tokens.indexOf(own.token);
      if (isKnown) this.#unjudged.delete(child);
      const score = isKnown ? Math.max(LEAST_CHANCE, Math.min(1, probs[listed] ?? 0)) : own.score;
      this.nodes[child] = { ...own, score, survival: parentSurvival * score };
    }
    if (!isKnown) return;
    for (let rank = 0; rank < Math.min(this.#shape.maxSiblings, tokens.length); rank++) {
      const score = Math.min(1, probs[rank]!);
      const survival = parentSurvival * score;
      if (!(score > 0 && survival >= this.#limits.minSurvival)) return;
      const token = tokens[rank]!;
      if (known.some((child) => this.nodes[child]!.token === token)) continue;
      this.nodes.push({ token, parent: node, depth: depth + 1, score, survival });
    }
  }

  /** The end of the likeliest path within a frontier that was looked beyond. */
  likeliestEnd(frontier: readonly number[]): number {
    let end = frontier[0]!;
    for (;;) {
      const below = frontier.filter((node) => this.nodes[node]!.parent === end);
      if (below.length === 0) return end;
      end = below.reduce((a, b) => (this.nodes[b]!.survival > this.nodes[a]!.survival ? b : a));
    }
  }

  /** [depth] the tokens below the root down to a node. */
  tokensTo(node: number): Int32Array {
    const tokens = new Int32Array(this.nodes[node]!.depth);
    for (let at = node; at !== ROOT; at = this.nodes[at]!.parent) {
      tokens[this.nodes[at]!.depth - 1] = this.nodes[at]!.token;
    }
    return tokens;
  }

  /** The likeliest nodes, as many as are wanted, and all that was judged. @param source - the drafter's bit. */
  finish(source: number): DraftTree {
    const { nodes } = this;
    const isOthers = (node: number) => node <= this.#numOthers;
    const drafted = Array.from(nodes.keys()).slice(1);
    // Survival never rises along a path, so the best nodes are a tree below what was judged, which is told however unlikely.
    const chosen = [
      ...drafted.filter((node) => isOthers(node) && !this.#unjudged.has(node)),
      ...drafted
        .filter((node) => !isOthers(node))
        .sort((a, b) => nodes[b]!.survival - nodes[a]!.survival || a - b)
        .slice(0, this.#limits.maxNodes)
        .sort((a, b) => a - b),
    ];
    const tree = new DraftTreeBuilder(nodes[ROOT]!.token);
    const added = new Map<number, number>([[ROOT, ROOT]]);
    for (const node of chosen) {
      const { parent, token, score } = nodes[node]!;
      added.set(node, tree.add(added.get(parent)!, token, { score, source }));
    }
    return tree.finish();
  }

  /**
   * The root, and those that others drafted for which that pays: where the output goes through one, its row saves the pass that
   * would have drafted it.
   */
  #firstFrontier(numRows: (frontier: readonly number[]) => number | undefined): readonly number[] {
    const others = this.#others;
    const { worth, maxDepth, isEndToken } = this.#limits;
    if (numRows([ROOT]) === undefined) return [];
    if (others === undefined || worth === undefined) return [ROOT];
    const passMs = (rows: number) => worth.pace.passMs(rows) ?? 0;
    const survival = survivals(others);
    const likeliest = Array.from(survival.keys())
      .slice(1)
      .sort((a, b) => survival[b]! - survival[a]! || a - b);
    const looked = new Set([ROOT]);
    /** [number of nodes - 1] what the likeliest are expected to save beyond the root alone. */
    const gainsMs = [0];
    let savedMs = 0;
    for (const node of likeliest) {
      const isOpen = others.depths[node]! < maxDepth && !isEndToken(others.tokens[node]!);
      if (!isOpen || !looked.has(others.parents[node]!)) continue;
      looked.add(node);
      savedMs += survival[node]! * passMs(1);
      gainsMs.push(savedMs - (passMs(looked.size) - passMs(1)));
    }
    const takeOver = (size: number) => this.#takeOver(others, [...looked].slice(0, size));
    const paying = takeOver(numBest(gainsMs));
    if (numRows(paying) !== undefined) return paying;
    // Where the model takes so many, it takes fewer: that is bisected, as each try takes all over anew.
    let [numTaken, numRefused] = [1, paying.length];
    while (numRefused - numTaken > 1) {
      const size = (numTaken + numRefused) >> 1;
      if (numRows(takeOver(size)) === undefined) numRefused = size;
      else numTaken = size;
    }
    return takeOver(numBest(gainsMs.slice(0, numTaken)));
  }

  /** @param looked - nodes of `others`, parents first. @returns the same here, parents first. */
  #takeOver(others: DraftTree, looked: readonly number[]): readonly number[] {
    this.nodes.length = 1;
    this.#othersBelow.clear();
    this.#unjudged.clear();
    const own = new Map([[ROOT, ROOT]]);
    const isLooked = new Set(looked);
    for (let node = 1; node < others.size; node++) {
      if (!isLooked.has(others.parents[node]!)) continue;
      const parent = own.get(others.parents[node]!)!;
      own.set(node, this.nodes.length);
      const siblings = this.#othersBelow.get(parent) ?? [];
      this.#othersBelow.set(parent, [...siblings, this.nodes.length]);
      const token = others.tokens[node]!;
      const depth = others.depths[node]!;
      const score = others.scores[node]!;
      this.#unjudged.add(this.nodes.length);
      this.nodes.push({ token, parent, depth, score, survival: 0 });
    }
    this.#numOthers = this.nodes.length - 1;
    return looked.map((node) => own.get(node)!).sort((a, b) => a - b);
  }

  /** What a pass over these nodes is expected to bring beyond its cost; any number above 0 where costs are unknown. */
  #gainMs(frontier: readonly number[], numRows: number): number {
    const { worth } = this.#limits;
    // The root was asked for.
    if (worth === undefined || frontier[0] === ROOT) return frontier.length;
    const { tokenMs, rowMs, pace, missRate = 1 } = worth;
    const hitRate = missRate * pace.hitRate;
    const gains = frontier.map((node) =>
      Math.max(0, hitRate * this.nodes[node]!.survival * tokenMs - rowMs),
    );
    return gains.reduce((sum, gain) => sum + gain, 0) - (pace.passMs(numRows) ?? 0);
  }
}

/** So many of the first that the last of them is the most of all; the fewest where several are. */
function numBest(gains: readonly number[]): number {
  return 1 + gains.indexOf(Math.max(...gains));
}

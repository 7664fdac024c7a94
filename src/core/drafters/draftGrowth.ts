/**
 * How a draft model's tree grows: which of its likely tokens become nodes, and which nodes are worth another pass.
 * Pure: the passes are {@link FrontierPasses}' matter.
 */

import type { Token } from "../base/tokens.ts";
import type { Draft, DraftMode, DraftWorth, TopProbs } from "../tree/drafter.ts";
import { DraftTreeBuilder, ROOT } from "../tree/draftTree.ts";
import type { GrownNode } from "./frontierPasses.ts";

/** What a mode allows. */
interface Shape {
  /** Nodes looked beyond in one pass; one row of a pass each. */
  readonly maxWidth: number;
  readonly maxSiblings: number;
  readonly maxPasses: number;
}

const SHAPES: Readonly<Record<DraftMode, Shape>> = {
  chain: { maxWidth: 1, maxSiblings: 1, maxPasses: Number.POSITIVE_INFINITY },
  tree: { maxWidth: 4, maxSiblings: 8, maxPasses: Number.POSITIVE_INFINITY },
  rootPass: { maxWidth: 1, maxSiblings: 8, maxPasses: 1 },
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
  readonly rank: number;
  /** By the draft's own probabilities. */
  readonly survival: number;
}

/** A tree that grows level by level, a pass of the model for each (EAGLE-2's and OPT-Tree's way). */
export class DraftGrowth {
  /** The root first, parents before children. */
  readonly nodes: ModelNode[];
  /** Distributions after the nodes that were looked beyond. */
  readonly nextProbs = new Map<number, TopProbs>();
  readonly #limits: GrowthLimits;
  readonly #shape: Shape;
  #numPasses = 0;
  /** Where the level begins that was added last. */
  #levelStart = 0;

  constructor(rootToken: Token, limits: GrowthLimits) {
    this.nodes = [{ token: rootToken, parent: -1, depth: 0, score: 1, rank: 0, survival: 1 }];
    this.#limits = limits;
    this.#shape = SHAPES[limits.mode];
  }

  /**
   * The nodes that the next pass looks beyond, the likeliest first; none where no pass pays. One more pass while the
   * tokens that it is expected to bring are worth more than it costs: OPT-Tree's gain of a level (arXiv 2406.17276)
   * against SpecDec++'s threshold (arXiv 2405.19715) in marginal form. Gains fall from level to
   * level, so looking one pass ahead is enough; a node left out here is not come back to.
   *
   * @param numRows - of a pass over such nodes; undefined where the model cannot take it.
   */
  nextFrontier(numRows: (frontier: readonly number[]) => number | undefined): readonly number[] {
    const { maxNodes, maxDepth, maxPasses, minExpandedSurvival, isEndToken } = this.#limits;
    const { maxWidth, maxSiblings } = this.#shape;
    // Each pass of a chain adds one node.
    const numUseful = maxSiblings === 1 ? Math.min(maxPasses, maxNodes) : maxPasses;
    if (this.#numPasses >= Math.min(numUseful, this.#shape.maxPasses) || maxNodes < 1) return [];
    const level = Array.from(this.nodes.keys()).slice(this.#levelStart);
    const candidates = level
      .filter((node) => {
        const { depth, survival, token } = this.nodes[node]!;
        const isEnd = node !== ROOT && isEndToken(token);
        return depth < maxDepth && survival >= minExpandedSurvival && !isEnd;
      })
      .sort((a, b) => this.nodes[b]!.survival - this.nodes[a]!.survival)
      .slice(0, maxWidth);
    let best: { frontier: readonly number[]; gainMs: number } = { frontier: [], gainMs: 0 };
    for (let width = 1; width <= candidates.length; width++) {
      const frontier = candidates.slice(0, width);
      const rows = numRows(frontier);
      if (rows === undefined) break;
      const gainMs = this.#gainMs(frontier, rows);
      if (gainMs > best.gainMs) best = { frontier, gainMs };
    }
    this.#numPasses++;
    this.#levelStart = this.nodes.length;
    return best.frontier;
  }

  /** Adds the likely tokens after a node of the frontier. */
  grow(node: number, nextProbs: TopProbs): void {
    this.nextProbs.set(node, nextProbs);
    const { depth, survival: parentSurvival } = this.nodes[node]!;
    const { tokens, probs } = nextProbs;
    for (let rank = 0; rank < Math.min(this.#shape.maxSiblings, tokens.length); rank++) {
      const score = Math.min(1, probs[rank]!);
      const survival = parentSurvival * score;
      if (!(score > 0 && survival >= this.#limits.minSurvival)) return;
      const token = tokens[rank]!;
      this.nodes.push({ token, parent: node, depth: depth + 1, score, rank, survival });
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

  /** The likeliest nodes, as many as are wanted, with the distributions. @param source - the drafter's bit. */
  finish(source: number): Draft {
    const { nodes } = this;
    const order = Array.from(nodes.keys()).slice(1);
    // Survival never rises along a path, so the best nodes are a tree.
    const chosen = order
      .sort((a, b) => nodes[b]!.survival - nodes[a]!.survival || a - b)
      .slice(0, this.#limits.maxNodes)
      .sort((a, b) => a - b);
    const tree = new DraftTreeBuilder(nodes[ROOT]!.token);
    const nextProbs = [this.nextProbs.get(ROOT)];
    const added = new Map<number, number>([[ROOT, ROOT]]);
    for (const node of chosen) {
      const { parent, token, score, rank } = nodes[node]!;
      added.set(node, tree.add(added.get(parent)!, token, { score, rank, source }));
      nextProbs.push(this.nextProbs.get(node));
    }
    return { ...tree.finish(), nextProbs };
  }

  /** What a pass over these nodes is expected to bring beyond its cost; any number above 0 where costs are unknown. */
  #gainMs(frontier: readonly number[], numRows: number): number {
    const { worth, mode } = this.#limits;
    // The root was asked for.
    if (worth === undefined || frontier[0] === ROOT) return frontier.length;
    const { tokenMs, rowMs, pace, missRate = 1 } = worth;
    const hitRate = missRate * pace.hitRate(mode);
    const gains = frontier.map((node) =>
      Math.max(0, hitRate * this.nodes[node]!.survival * tokenMs - rowMs),
    );
    return gains.reduce((sum, gain) => sum + gain, 0) - (pace.passMs(numRows) ?? 0);
  }
}

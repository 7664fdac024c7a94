/**
 * Passes of a model over the frontier of a tree that grows below its cache, level by level. What all paths of a
 * frontier share is committed, the rest is evaluated again in each pass, as {@link TargetModel} keeps one path of a
 * tree only. So a chain costs one row a level, and a tree whose branches part at the root all of its rows.
 */

import type { Token } from "../base/tokens.ts";
import { DraftTreeBuilder, ROOT } from "../tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../tree/targetModel.ts";

/** A node of the growing tree; node 0 is the root. */
export interface GrownNode {
  readonly token: Token;
  /** -1 for the root, else a smaller index. */
  readonly parent: number;
  readonly depth: number;
}

export interface EvaluatedFrontier {
  /** Valid until the next pass. */
  readonly logits: TreeLogits;
  /** [frontier.length] row of each node in them. */
  readonly rows: readonly number[];
  /** Rows of the whole pass. */
  readonly numRows: number;
}

/** A pass that was made and not yet committed: the missing tokens as a chain, then the tree from `base` on. */
interface Pass {
  readonly numMissing: number;
  readonly base: number;
  /** Row of each node in the pass. */
  readonly rows: ReadonlyMap<number, number>;
}

export class FrontierPasses {
  readonly #model: TargetModel;
  readonly #missing: Int32Array;
  readonly #nodes: readonly GrownNode[];
  readonly #rootPosition: number;
  /** Whether the missing tokens are still to be evaluated. */
  #isFirst = true;
  #pass: Pass | undefined;

  /**
   * @param missing - tokens between the model's cache and the root; the first pass evaluates them, too.
   * @param nodes - grows while this is used.
   */
  constructor(model: TargetModel, missing: Int32Array, nodes: readonly GrownNode[]) {
    this.#model = model;
    this.#missing = missing;
    this.#nodes = nodes;
    this.#rootPosition = model.kvLength + missing.length;
  }

  /**
   * Rows of a pass over these nodes, at least one; undefined where the model cannot take it, or where its cache has gone on to
   * another path.
   */
  numRows(frontier: readonly number[]): number | undefined {
    const { maxNodes, maxBranches, contextSize } = this.#model;
    const base = this.#baseOf(frontier);
    if (base === undefined) return undefined;
    const below = this.#rowsBelow(base, frontier);
    const numBelow = below.length;
    const numLeaves =
      numBelow - new Set(below.slice(1).map((node) => this.#nodes[node]!.parent)).size;
    const numRows = this.#numMissing + numBelow;
    const end = this.#rootPosition + this.#nodes[base]!.depth + numBelow;
    const fits = numRows <= maxNodes && numLeaves <= maxBranches && end <= contextSize;
    return fits ? numRows : undefined;
  }

  /** One pass. */
  async evaluate(frontier: readonly number[], signal: AbortSignal): Promise<EvaluatedFrontier> {
    const base = this.#baseOf(frontier);
    if (base === undefined) throw new RangeError("the cache has gone on to another path");
    const numMissing = this.#numMissing;
    this.#commitAbove(base);
    const [first, ...others] = [
      ...this.#missing.subarray(0, numMissing),
      this.#nodes[base]!.token,
    ] as const;
    const tree = new DraftTreeBuilder(first!);
    const add = (parent: number, token: Token) => tree.add(parent, token, { score: 1, source: 0 });
    const rows = new Map([[base, others.reduce(add, 0)]]);
    for (const node of this.#rowsBelow(base, frontier).slice(1)) {
      const { parent, token } = this.#nodes[node]!;
      rows.set(node, add(rows.get(parent)!, token));
    }
    const logits = await this.#model.evaluateTree(tree.finish(), signal);
    this.#isFirst = false;
    this.#pass = { numMissing, base, rows };
    const numRows = numMissing + rows.size;
    return { logits, rows: frontier.map((node) => rows.get(node)!), numRows };
  }

  /** Commits the last pass down to this node of it. */
  keep(node: number): void {
    const pass = this.#pass;
    if (pass === undefined) return;
    const path: number[] = [];
    for (let at = node; at !== pass.base; at = this.#nodes[at]!.parent) {
      path.unshift(pass.rows.get(at)!);
    }
    this.#commitRows([...missingRows(pass), pass.rows.get(pass.base)!, ...path]);
  }

  /** Commits what stands above the next pass's first node. */
  #commitAbove(base: number): void {
    const pass = this.#pass;
    if (pass === undefined) return;
    if (base !== pass.base) this.keep(this.#nodes[base]!.parent);
    else if (pass.numMissing > 0) this.#commitRows(missingRows(pass));
  }

  /** @param rows - a path of the last pass, its first row included. */
  #commitRows(rows: readonly number[]): void {
    this.#pass = undefined;
    this.#model.commit({ nodes: Int32Array.from(rows.slice(1)), bonusToken: -1 });
  }

  get #numMissing(): number {
    return this.#isFirst ? this.#missing.length : 0;
  }

  /**
   * Where a pass over these begins: the deepest node on all paths to them whose parent the last pass has evaluated, or with which that
   * one began. Undefined where they are not below that.
   */
  #baseOf(frontier: readonly number[]): number | undefined {
    let base = this.#meetingOf(frontier);
    const pass = this.#pass;
    while (pass !== undefined && base !== pass.base) {
      if (base === ROOT) return undefined;
      const { parent } = this.#nodes[base]!;
      if (pass.rows.has(parent)) break;
      base = parent;
    }
    return base;
  }

  /** The deepest node that is on all paths to these. */
  #meetingOf(frontier: readonly number[]): number {
    let meeting = frontier[0]!;
    for (let node of frontier) {
      // Parents have smaller indices.
      while (node !== meeting) {
        if (node > meeting) node = this.#nodes[node]!.parent;
        else meeting = this.#nodes[meeting]!.parent;
      }
    }
    return meeting;
  }

  /** The nodes on the paths from `base`, itself included, to these; parents first. */
  #rowsBelow(base: number, frontier: readonly number[]): number[] {
    const needed = new Set([base]);
    for (const node of frontier) {
      for (let at = node; !needed.has(at); at = this.#nodes[at]!.parent) needed.add(at);
    }
    return Array.from(needed).sort((a, b) => a - b);
  }
}

/** The rows of the tokens that the cache lacked, in order. */
function missingRows({ numMissing }: Pass): number[] {
  return Array.from({ length: numMissing }, (_, row) => row);
}

/** Counts the nodes of a run by source and depth, and its passes by rows. */

import type { Token } from "../../core/base/tokens.ts";
import { type DraftSource, type DraftTree, ROOT, sourcesOf } from "../../core/tree/draftTree.ts";

/** [deepest + 1] counts by depth; [0] is 0. */
export interface DepthCounts {
  readonly verifiedByDepth: number[];
  readonly acceptedByDepth: number[];
}

export class SourceTally {
  readonly #isEndToken: (token: Token) => boolean;
  readonly #bySource = new Map<DraftSource, DepthCounts>();
  readonly passesByRows: number[] = [0];
  #step: { readonly tree: DraftTree; readonly committed: Int32Array } | undefined;

  constructor(isEndToken: (token: Token) => boolean) {
    this.#isEndToken = isEndToken;
  }

  depthsOf(source: DraftSource): DepthCounts {
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    const counts = { verifiedByDepth: [0], acceptedByDepth: [0] };
    this.#bySource.set(source, counts);
    return counts;
  }

  /** A pass with the tree it verified; {@link noteKept} follows. */
  noteStep(tree: DraftTree, committed: Int32Array): void {
    this.#step = { tree, committed };
    count(this.passesByRows, tree.size);
    for (let node = 1; node < tree.size; node++) {
      for (const source of sourcesOf(tree.sources[node]!)) {
        count(this.depthsOf(source).verifiedByDepth, tree.depths[node]!);
      }
    }
  }

  /** The tokens that the output took of it: what was accepted beyond its end counts for nobody, as in `DecodeStats`. */
  noteKept(tokens: Int32Array): void {
    const step = this.#step;
    this.#step = undefined;
    if (step === undefined) return;
    const { tree, committed } = step;
    const next = committed[tokens.length];
    const numKept = tokens.length + (next !== undefined && this.#isEndToken(next) ? 1 : 0);
    let parent = ROOT;
    for (const token of committed.subarray(0, Math.min(numKept, committed.length - 1))) {
      const node = childWith(tree, parent, token);
      for (const source of sourcesOf(tree.sources[node]!)) {
        count(this.depthsOf(source).acceptedByDepth, tree.depths[node]!);
      }
      parent = node;
    }
  }
}

/** @throws RangeError if there is none: what was accepted stands in the tree. */
function childWith(tree: DraftTree, parent: number, token: Token): number {
  for (let node = parent + 1; node < tree.size; node++) {
    if (tree.parents[node] === parent && tree.tokens[node] === token) return node;
  }
  throw new RangeError(`node ${parent} has no child with token ${token}`);
}

function count(counts: number[], index: number): void {
  while (counts.length <= index) counts.push(0);
  counts[index]!++;
}

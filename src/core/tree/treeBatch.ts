/**
 * A draft tree as the rows of one forward pass. A branch is a root-to-leaf path and becomes one llama.cpp sequence;
 * a node carries the ids of all branches below it, so it sees its ancestors and nothing else.
 */
import { type DraftTree, ROOT } from "./draftTree.ts";

/** Which branches run through which node. Node i belongs to the branches firstBranches[i] <= b < endBranches[i]. */
export interface TreeBatch {
  /** Number of leaves; at least 1. */
  readonly numBranches: number;
  /** [tree.size] */
  readonly firstBranches: Int32Array;
  /** [tree.size] */
  readonly endBranches: Int32Array;
  /** [numBranches] the node that ends each branch. */
  readonly leaves: Int32Array;
}

/**
 * Numbers the leaves depth-first, so that the branches below a node are an interval. Children keep their order:
 * where the first child is the likeliest, branch 0 is the likeliest path.
 */
export function layOutTree(tree: DraftTree): TreeBatch {
  const { size, parents } = tree;
  const numLeavesBelow = new Int32Array(size);
  const hasChild = new Uint8Array(size);
  for (let node = size - 1; node > ROOT; node--) {
    if (hasChild[node] === 0) numLeavesBelow[node] = 1;
    numLeavesBelow[parents[node]!]! += numLeavesBelow[node]!;
    hasChild[parents[node]!] = 1;
  }
  if (size === 1) numLeavesBelow[ROOT] = 1;
  const firstBranches = new Int32Array(size);
  const endBranches = new Int32Array(size);
  const numAssigned = new Int32Array(size);
  const leaves = new Int32Array(numLeavesBelow[ROOT]!);
  endBranches[ROOT] = numLeavesBelow[ROOT]!;
  if (size === 1) leaves[0] = ROOT;
  for (let node = 1; node < size; node++) {
    const parent = parents[node]!;
    const first = firstBranches[parent]! + numAssigned[parent]!;
    numAssigned[parent]! += numLeavesBelow[node]!;
    firstBranches[node] = first;
    endBranches[node] = first + numLeavesBelow[node]!;
    if (hasChild[node] === 0) leaves[first] = node;
  }
  return { numBranches: leaves.length, firstBranches, endBranches, leaves };
}

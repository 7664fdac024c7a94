/**
 * Which drafted nodes are worth verifying: the seam between fusion and evaluation (DESIGN §4). Today a fixed limit;
 * the measured t(n) will choose the number, through the same function.
 */
import { type DraftTree, DraftTreeBuilder, ROOT, survivals } from "./draftTree.ts";

/** What one pass may verify. */
export interface VerifyLimits {
  /** Drafted nodes, the root not counted. */
  readonly maxNodes: number;
  /** Leaves of the tree; the llama.cpp sequences it needs. */
  readonly maxBranches: number;
  /** Depth below the root. */
  readonly maxDepth: number;
}

/**
 * The best nodes of a tree by survival within the limits. Survival never rises along a path, so the choice is closed
 * under ancestors; a node that would open one branch too many is left out, never the whole tree refused.
 *
 * The result stands depth-first, best child first: branch 0 is the likeliest path and its rows are contiguous. Where it
 * is accepted, its KV cells lie as plain decoding would have laid them, and sums over the cache round alike.
 */
export function limitDraftTree(tree: DraftTree, limits: VerifyLimits): DraftTree {
  const children = chooseNodes(tree, limits);
  const limited = new DraftTreeBuilder(tree.tokens[ROOT]!);
  const visit = (node: number, parent: number) => {
    for (const child of children[node]!) {
      const added = limited.add(parent, tree.tokens[child]!, {
        score: tree.scores[child]!,
        source: tree.sources[child]!,
        rank: tree.ranks[child]!,
        matchLength: tree.matchLengths[child]!,
      });
      visit(child, added);
    }
  };
  visit(ROOT, ROOT);
  return limited.finish();
}

/** [tree.size] the chosen children of each node, best first; empty below nodes that were left out. */
function chooseNodes(tree: DraftTree, limits: VerifyLimits): number[][] {
  const survival = survivals(tree);
  const order = Array.from({ length: tree.size - 1 }, (_, index) => index + 1).sort(
    (a, b) => survival[b]! - survival[a]! || a - b,
  );
  const children: number[][] = Array.from({ length: tree.size }, () => []);
  const isChosen = new Uint8Array(tree.size);
  isChosen[ROOT] = 1;
  let numNodes = 0;
  let numBranches = 1;
  for (const node of order) {
    if (numNodes >= limits.maxNodes) break;
    const parent = tree.parents[node]!;
    if (isChosen[parent] === 0 || tree.depths[node]! > limits.maxDepth) continue;
    // A first child extends its parent's branch, any other opens a new one.
    const opensBranch = children[parent]!.length > 0;
    if (opensBranch && numBranches >= limits.maxBranches) continue;
    if (opensBranch) numBranches++;
    numNodes++;
    isChosen[node] = 1;
    children[parent]!.push(node);
  }
  return children;
}

/** Which drafted nodes are worth verifying, and how many: between fusion and evaluation. */
import { type DraftTree, DraftTreeBuilder, ROOT, survivals } from "../tree/draftTree.ts";

/** What one pass may verify. */
export interface VerifyLimits {
  /** Drafted nodes, the root not counted. */
  readonly maxNodes: number;
  /** Leaves of the tree; the llama.cpp sequences it needs. */
  readonly maxBranches: number;
  /** Depth below the root. */
  readonly maxDepth: number;
}

/** The nodes of a tree in the order in which a pass should take them. */
export interface RankedNodes {
  readonly tree: DraftTree;
  /** [count] best first; parents before children, so that every start of it is a tree. */
  readonly nodes: Int32Array;
  /** [count] the chance that the target goes through each. */
  readonly survival: Float32Array;
}

/**
 * The nodes within the limits by survival. Survival never rises along a path, so the order is closed under ancestors; a
 * node that would open one branch too many is left out, never the whole tree refused.
 */
export function rankNodes(tree: DraftTree, limits: VerifyLimits): RankedNodes {
  const survival = survivals(tree);
  const order = Array.from({ length: tree.size - 1 }, (_, index) => index + 1).sort(
    (a, b) => survival[b]! - survival[a]! || a - b,
  );
  const numChildren = new Uint16Array(tree.size);
  const isChosen = new Uint8Array(tree.size);
  isChosen[ROOT] = 1;
  const nodes: number[] = [];
  let numBranches = 1;
  for (const node of order) {
    if (nodes.length >= limits.maxNodes) break;
    const parent = tree.parents[node]!;
    if (isChosen[parent] === 0 || tree.depths[node]! > limits.maxDepth) continue;
    // A first child extends its parent's branch, any other opens a new one.
    const opensBranch = numChildren[parent]! > 0;
    if (opensBranch && numBranches >= limits.maxBranches) continue;
    if (opensBranch) numBranches++;
    numChildren[parent]!++;
    isChosen[node] = 1;
    nodes.push(node);
  }
  return {
    tree,
    nodes: Int32Array.from(nodes),
    survival: Float32Array.from(nodes, (node) => survival[node]!),
  };
}

/** What a choice costs, in ms. */
export interface VerifyCost {
  /** A pass of so many rows, the root included. */
  readonly passMs: (numRows: number) => number;
  /** What a pass with drafts costs the host beyond one without. */
  readonly treeMs: number;
  /** Tokens that a ms is worth: what decoding brings at its best here. */
  readonly tokensPerMs: number;
}

/** How many of the ranked nodes to verify. */
export interface NodeChoice {
  readonly numNodes: number;
  /** Expected accepted tokens of them. */
  readonly expectedAccepted: number;
  /** Expected tokens above one pass of plain decoding, the price of the rows paid; 0 where nothing pays. */
  readonly gain: number;
}

/**
 * The number of nodes with the largest gain: expected tokens less what the rows cost at the going rate. This is
 * Sequoia's rule with survival scores in its marginal form: a node is taken while it, or the
 * plateau that it opens, brings more tokens than its time would bring elsewhere. 0 where nothing pays.
 *
 * @param survival - [count] of {@link RankedNodes}.
 * @see Chen et al., Sequoia (arXiv 2402.12374), hardware-aware tree size; theirs is fixed before decoding.
 */
export function chooseNumNodes(survival: Float32Array, cost: VerifyCost): NodeChoice {
  const { passMs, treeMs, tokensPerMs } = cost;
  const plainMs = passMs(1);
  let best: NodeChoice = { numNodes: 0, expectedAccepted: 0, gain: 0 };
  let expected = 0;
  for (let numNodes = 1; numNodes <= survival.length; numNodes++) {
    expected += survival[numNodes - 1]!;
    const gain = expected - tokensPerMs * (passMs(numNodes + 1) - plainMs + treeMs);
    if (gain > best.gain) best = { numNodes, expectedAccepted: expected, gain };
  }
  return best;
}

/**
 * A tree of the first `numNodes` ranked nodes. It stands depth-first, best child first: branch 0 is the likeliest path
 * and its rows are contiguous. Where it is accepted, its KV cells lie as plain decoding would have laid them, and sums
 * over the cache round alike.
 */
export function treeOfRanked({ tree, nodes }: RankedNodes, numNodes: number): DraftTree {
  const children: number[][] = Array.from({ length: tree.size }, () => []);
  for (const node of nodes.subarray(0, numNodes)) children[tree.parents[node]!]!.push(node);
  const limited = new DraftTreeBuilder(tree.tokens[ROOT]!);
  const visit = (node: number, parent: number) => {
    for (const child of children[node]!) {
      const added = limited.add(parent, tree.tokens[child]!, {
        score: tree.scores[child]!,
        source: tree.sources[child]!,
      });
      visit(child, added);
    }
  };
  visit(ROOT, ROOT);
  return limited.finish();
}

/** The best nodes of a tree within the limits, whatever they cost. */
export function limitDraftTree(tree: DraftTree, limits: VerifyLimits): DraftTree {
  const ranked = rankNodes(tree, limits);
  return treeOfRanked(ranked, ranked.nodes.length);
}

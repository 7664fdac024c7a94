/** Greedy verification: which nodes of a tree stand. Pure. */

import type { Token } from "../base/tokens.ts";
import { type DraftTree, ROOT } from "./draftTree.ts";

/** What the target keeps of a tree in one step. */
export interface AcceptedPath {
  /** [numAcceptedTokens] nodes from just below the root to the deepest accepted one; may be empty. */
  readonly nodes: Int32Array;
  /** The target's own next token after the last of them. */
  readonly bonusToken: Token;
}

/**
 * Walks down from the root, each time to the child that carries the target's greedy choice.
 *
 * @param choose - the target's next token after a node; asked once per walked node, never for another.
 * @see Miao et al., SpecInfer (arXiv 2305.09781), greedy verification.
 */
export function verifyGreedy(tree: DraftTree, choose: (node: number) => Token): AcceptedPath {
  const path: number[] = [];
  let node = ROOT;
  let choice = choose(node);
  // Parents precede children, so one forward pass follows the whole path.
  for (let child = 1; child < tree.size; child++) {
    if (tree.parents[child] === node && tree.tokens[child] === choice) {
      path.push(child);
      node = child;
      choice = choose(node);
    }
  }
  return { nodes: Int32Array.from(path), bonusToken: choice };
}

/** @throws RangeError unless the accepted nodes lead down from the root. */
export function checkPath(tree: DraftTree, path: AcceptedPath): void {
  let parent = ROOT;
  for (const node of path.nodes) {
    if (tree.parents[node] !== parent) throw new RangeError(`node ${node} is not below ${parent}`);
    parent = node;
  }
}

/** The committed tokens of a step: the accepted ones, then the bonus token. */
export function committedTokens(tree: DraftTree, path: AcceptedPath): Int32Array {
  const tokens = new Int32Array(path.nodes.length + 1);
  path.nodes.forEach((node, index) => {
    tokens[index] = tree.tokens[node]!;
  });
  tokens[path.nodes.length] = path.bonusToken;
  return tokens;
}

/**
 * Rows of a model after continuations that leave the text its cache holds: read side by side, as branches of one pass.
 */

import type { Token } from "../../../src/core/base/tokens.ts";
import type { BranchedTarget } from "../../../src/core/tree/branchedTarget.ts";
import {
  type DraftTree,
  DraftTreeBuilder,
  rootOnlyTree,
} from "../../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../../src/core/tree/treeBatch.ts";
import { readRow } from "./recordingTarget.ts";
import type { RowTrie } from "./rowTrie.ts";

/** A path that the model's cache holds, and the trie that is filled. */
export interface RecordedPath {
  readonly trie: RowTrie;
  /** Prompt tokens; the cache holds these and the path. */
  readonly promptLength: number;
  /** [path.length + 1] the trie's nodes along the path, the prompt's first. */
  readonly nodes: readonly number[];
  /** Entries of a row that are kept. */
  readonly numTop: number;
}

/** What hangs below one node of the path. */
interface Offshoot {
  /** Committed tokens before it. */
  readonly prefixLength: number;
  readonly tree: DraftTree;
  readonly numLeaves: number;
  /** [tree.size] nodes of the trie. */
  readonly trieNodes: readonly number[];
}

/**
 * Reads the rows of these nodes, which lie off the path, and of what leads to them; those already there are left alone.
 * @returns how many it set; fewer than wanted where one pass cannot hold all that leaves a node of the path.
 */
export async function readOffshoots(
  model: BranchedTarget,
  path: RecordedPath,
  wanted: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<number> {
  const missing = [...wanted].filter((node) => path.trie.row(node) === undefined);
  const room = { maxNodes: model.maxNodes, maxLeaves: model.maxOpenBranches };
  let batch: Offshoot[] = [];
  let numSet = 0;
  for (const offshoot of offshootsOf(path, missing, room)) {
    if (!fits([...batch, offshoot], room)) {
      numSet += await readBatch(model, path, batch, signal);
      batch = [];
    }
    batch.push(offshoot);
  }
  return numSet + (await readBatch(model, path, batch, signal));
}

/** A chain that leaves the path. */
export interface ChainStart {
  /** Index of the path's node that it leaves. */
  readonly from: number;
  readonly token: Token;
  /** The chance of the first token by the model. */
  readonly prob: number;
}

/** How far chains are followed. */
export interface ChainLimits {
  /** Tokens of a chain at most. */
  readonly maxTokens: number;
  /** A chain ends where it is less likely than this, by the model itself. */
  readonly minSurvival: (start: ChainStart) => number;
  readonly isEndToken: (token: Token) => boolean;
}

/** Follows the model's own greedy choices from each start, so many side by side as it takes. */
export async function followChains(
  model: BranchedTarget,
  path: RecordedPath,
  starts: readonly ChainStart[],
  limits: ChainLimits,
  signal: AbortSignal,
): Promise<void> {
  const numSide = Math.min(model.maxOpenBranches, model.maxNodes);
  for (let first = 0; first < starts.length; first += numSide) {
    await followSideBySide(model, path, starts.slice(first, first + numSide), limits, signal);
  }
}

async function followSideBySide(
  model: BranchedTarget,
  { trie, nodes, promptLength, numTop }: RecordedPath,
  starts: readonly ChainStart[],
  { maxTokens, minSurvival, isEndToken }: ChainLimits,
  signal: AbortSignal,
): Promise<void> {
  const prefixLengths = Int32Array.from(starts, ({ from }) => promptLength + from);
  using branches = model.openBranches(prefixLengths);
  let chains = starts.map((start, branch) => ({
    branch,
    start,
    node: nodes[start.from]!,
    token: start.token,
    survival: start.prob,
  }));
  // The last token of a chain has no row that is asked for.
  for (let length = 1; length < maxTokens; length++) {
    chains = chains.filter(
      ({ token, survival, start }) => !isEndToken(token) && survival >= minSurvival(start),
    );
    if (chains.length === 0) return;
    const trees = starts.map((_, branch) => {
      const chain = chains.find((one) => one.branch === branch);
      return chain && rootOnlyTree(chain.token);
    });
    const logits = await branches.evaluateTrees(trees, signal);
    for (const chain of chains) {
      const row = readRow(logits[chain.branch]!, 0, numTop);
      chain.node = trie.add(chain.node, chain.token);
      trie.setRow(chain.node, row);
      chain.token = row.tokens[0]!;
      chain.survival *= Math.exp(row.logits[0]! - row.logSumExp);
    }
    branches.commit(trees.map((tree) => tree && { nodes: new Int32Array(0), bonusToken: -1 }));
  }
}

/** The missing nodes with what leads to them, by the node that leaves the path; what one pass cannot hold is left out. */
function offshootsOf(
  { trie, nodes, promptLength }: RecordedPath,
  missing: readonly number[],
  room: { readonly maxNodes: number; readonly maxLeaves: number },
): Offshoot[] {
  const onPath = new Map(nodes.map((node, index) => [node, index]));
  const needed = new Map<number, Set<number>>();
  for (const node of missing) {
    const way = [node];
    while (!onPath.has(trie.parent(way.at(-1)!))) way.push(trie.parent(way.at(-1)!));
    const top = way.at(-1)!;
    const known = needed.get(top) ?? new Set();
    needed.set(top, known);
    for (const each of way) known.add(each);
  }
  return Array.from(needed, ([top, all]) => {
    const prefixLength = promptLength + onPath.get(trie.parent(top))!;
    let offshoot: Offshoot | undefined;
    // Parents have smaller numbers, so every start of the order is a tree.
    const ordered = [...all].sort((a, b) => a - b).slice(0, room.maxNodes);
    do {
      offshoot = { prefixLength, ...treeOf(trie, ordered), trieNodes: [...ordered] };
    } while (!fits([offshoot], room) && ordered.pop() !== undefined);
    return offshoot;
  });
}

function treeOf(trie: RowTrie, ordered: readonly number[]): Pick<Offshoot, "tree" | "numLeaves"> {
  const [top, ...others] = ordered;
  const builder = new DraftTreeBuilder(trie.token(top!));
  const rows = new Map([[top, 0]]);
  for (const node of others) {
    const parent = rows.get(trie.parent(node))!;
    rows.set(node, builder.add(parent, trie.token(node), { score: 1, source: 0 }));
  }
  const tree = builder.finish();
  return { tree, numLeaves: layOutTree(tree).numBranches };
}

/** Branches have as many leaves as the widest of them. */
function fits(
  batch: readonly Offshoot[],
  { maxNodes, maxLeaves }: { readonly maxNodes: number; readonly maxLeaves: number },
): boolean {
  const numRows = batch.reduce((sum, { tree }) => sum + tree.size, 0);
  const widest = Math.max(...batch.map(({ numLeaves }) => numLeaves));
  return numRows <= maxNodes && batch.length * widest <= maxLeaves;
}

async function readBatch(
  model: BranchedTarget,
  { trie, numTop }: RecordedPath,
  batch: readonly Offshoot[],
  signal: AbortSignal,
): Promise<number> {
  if (batch.length === 0) return 0;
  using branches = model.openBranches(Int32Array.from(batch, ({ prefixLength }) => prefixLength));
  const logits = await branches.evaluateTrees(
    batch.map(({ tree }) => tree),
    signal,
  );
  let numSet = 0;
  for (const [index, { trieNodes }] of batch.entries()) {
    for (const [row, node] of trieNodes.entries()) {
      if (trie.row(node) !== undefined) continue;
      trie.setRow(node, readRow(logits[index]!, row, numTop));
      numSet++;
    }
  }
  return numSet;
}

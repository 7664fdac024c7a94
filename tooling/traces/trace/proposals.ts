/** What drafters propose beside an output: what a replay of any of them will ask about. */

import { BENCH_SOURCES } from "../../../src/bench/base/benchConfigNames.ts";
import { limitDraftTree } from "../../../src/core/budget/draftBudget.ts";
import { speculativeDecode } from "../../../src/core/decode/speculativeDecode.ts";
import type { Drafter, DraftMode, GenerationContext } from "../../../src/core/tree/drafter.ts";
import type { DraftSource } from "../../../src/core/tree/draftTree.ts";
import { fuseDraftTrees } from "../../../src/core/tree/fuseDraftTrees.ts";
import type { GenerationLimits } from "../../../src/core/tree/generation.ts";
import type { RowTrie } from "./rowTrie.ts";
import { pathOf, type TracePrompt } from "./trace.ts";
import type { TraceTarget } from "./traceTarget.ts";
import { TrieCursor } from "./trieCursor.ts";

/** Nodes of a position's tree that are kept, the likeliest: as many rows as the recycling store learns of a pass. */
const MAX_NODES = 8;
const MIN_SURVIVAL = 0.01;

/**
 * Runs whose questions are recorded: all that their drafters propose is verified, within so many nodes of a pass; the mode is the
 * draft model's. The union as on a CPU, and where more rows cost little; and recycling alone, whose rows teach it.
 */
export const ASKING_RUNS: readonly {
  readonly sources: readonly DraftSource[];
  readonly maxDraftNodes: number;
  readonly mode: DraftMode;
}[] = [
  { sources: BENCH_SOURCES, maxDraftNodes: 3, mode: "chain" },
  { sources: BENCH_SOURCES, maxDraftNodes: 7, mode: "chain" },
  { sources: BENCH_SOURCES, maxDraftNodes: 15, mode: "chain" },
  { sources: BENCH_SOURCES, maxDraftNodes: 15, mode: "tree" },
  { sources: ["recycling"], maxDraftNodes: 3, mode: "chain" },
  { sources: ["recycling"], maxDraftNodes: 15, mode: "chain" },
];

/**
 * Lets the drafters go along the output one token at a time, as if each step accepted nothing. They learn what a step
 * would teach them, as far as its rows are known.
 * @param target - opened at the place.
 * @returns nodes of the target's trie off the output, added to it where they were not there.
 */
export async function proposeAlong(
  drafters: readonly Drafter[],
  context: GenerationContext,
  recorded: Pick<TracePrompt, "output" | "endToken"> & { readonly target: RowTrie },
  target: TraceTarget,
  { maxTokens, isEndToken }: GenerationLimits,
  signal: AbortSignal,
): Promise<Set<number>> {
  const path = pathOf(recorded);
  const { promptTokens } = context;
  const { vocabSize, maxBranches } = target;
  const trie = recorded.target;
  const onPath = new Set(trie.addPath(path));
  const cursor = new TrieCursor();
  cursor.open(promptTokens, trie);
  cursor.moveTo(promptTokens.subarray(0, -1));
  await target.prefill(promptTokens.subarray(0, -1), signal);
  for (const drafter of drafters) await drafter.begin(context, signal);
  const proposed = new Set<number>();
  for (const [index, token] of path.entries()) {
    const rootToken = index === 0 ? promptTokens.at(-1)! : path[index - 1]!;
    const maxDepth = maxTokens - index - 1;
    const budget = { maxNodes: MAX_NODES, maxDepth, minSurvival: MIN_SURVIVAL };
    const drafts = [];
    for (const drafter of drafters) {
      if (maxDepth > 0) drafts.push(await drafter.draft(rootToken, budget, signal));
    }
    const fused = fuseDraftTrees(rootToken, drafts, { vocabSize, isEndToken });
    const tree = limitDraftTree(fused, { maxNodes: MAX_NODES, maxBranches, maxDepth });
    for (const node of cursor.nodesOf(tree, true)) if (!onPath.has(node)) proposed.add(node);
    const logits = await target.evaluateTree(tree, signal);
    const none = { nodes: new Int32Array(0), bonusToken: token };
    target.commit(none);
    cursor.append([rootToken]);
    const step = { tree, path: none, committed: Int32Array.of(token), logits };
    for (const drafter of drafters) drafter.learn(step);
  }
  return proposed;
}

/**
 * Decodes with these drafters; what they ask of the models that is not recorded the models collect.
 * @param target - opened at the place, collecting.
 */
export async function runAsking(
  drafters: readonly Drafter[],
  context: GenerationContext,
  target: TraceTarget,
  limits: GenerationLimits,
  maxDraftNodes: number,
  signal: AbortSignal,
): Promise<void> {
  const observer = { now: () => 0 };
  await speculativeDecode({ target, drafters, context, limits, maxDraftNodes, observer }, signal);
}

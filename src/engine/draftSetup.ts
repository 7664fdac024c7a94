/** Which drafters a generation has, and how many of their nodes a pass may verify. */
import type { Drafter } from "../core/drafter.ts";
import { DraftModelDrafter } from "../core/draftModelDrafter.ts";
import type { DraftPolicy } from "../core/draftPolicy.ts";
import type { DraftSource } from "../core/draftTree.ts";
import { RecyclingDrafter, type RecyclingStore } from "../core/recyclingDrafter.ts";
import { SuffixDrafter } from "../core/suffixDrafter.ts";
import type { ModelPair } from "./modelHost.ts";

/** Verified per pass where t(n) was not measured: a CPU's cost rises from the fifth row on, a GPU's from the ninth. */
const CPU_DRAFT_NODES = 3;
const GPU_DRAFT_NODES = 7;
/** Candidates of a pass where the measured cost decides how many are verified. */
const MAX_CANDIDATES = 64;

/** The drafters of these sources; without a draft model that one is left out. */
export function createDrafters(
  pair: ModelPair,
  recycling: RecyclingStore,
  sources: readonly DraftSource[],
): Drafter[] {
  const wanted: Drafter[] = [];
  if (sources.includes("suffixMatch")) wanted.push(new SuffixDrafter());
  if (sources.includes("recycling")) wanted.push(new RecyclingDrafter(recycling));
  if (sources.includes("draftModel") && pair.draft !== undefined) {
    wanted.push(new DraftModelDrafter(pair.draft.target, undefined, pair.isEndToken));
  }
  return wanted;
}

/** What the loop is given: the policy decides where there is one, else a usual number of nodes. */
export function draftBudget(pair: ModelPair, policy: DraftPolicy | undefined) {
  return policy === undefined
    ? { maxDraftNodes: usualDraftNodes(pair) }
    : { maxDraftNodes: MAX_CANDIDATES, policy };
}

/** Nodes of a pass on this backend, without a measurement. */
export function usualDraftNodes(pair: ModelPair): number {
  return pair.loaded.backend === "cpu" ? CPU_DRAFT_NODES : GPU_DRAFT_NODES;
}

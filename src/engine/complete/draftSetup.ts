/** Which drafters a generation has, and how many of their nodes a pass may verify. */

import type { DraftPolicy } from "../../core/budget/draftPolicy.ts";
import { DEFAULT_DRAFT_MODEL, DraftModelDrafter } from "../../core/drafters/draftModelDrafter.ts";
import { GhostDrafter } from "../../core/drafters/ghostDrafter.ts";
import type { GhostStore } from "../../core/drafters/ghostStore.ts";
import { RecyclingDrafter } from "../../core/drafters/recyclingDrafter.ts";
import type { RecyclingStore } from "../../core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../core/drafters/suffixDrafter.ts";
import { WorkspaceDrafter } from "../../core/drafters/workspaceDrafter.ts";
import type { Drafter } from "../../core/tree/drafter.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import type { DraftWorkspace } from "../indexing/workspaceStore.ts";
import type { ModelPair } from "../models/modelHost.ts";

/** Verified per pass where t(n) was not measured: a CPU's cost rises from the fifth row on, a GPU's from the ninth. */
const CPU_DRAFT_NODES = 3;
const GPU_DRAFT_NODES = 7;
/** Candidates of a pass where the measured cost decides how many are verified. */
const MAX_CANDIDATES = 64;

/** What drafts may come from besides the prompt and the draft model. */
export interface DraftMaterial {
  readonly recycling: RecyclingStore;
  /** The index, and where the generation stands in it. */
  readonly workspace?: DraftWorkspace | undefined;
  /** Earlier suggestions of a document. */
  readonly ghosts?: { readonly store: GhostStore; readonly documentKey: string } | undefined;
}

/** The drafters of these sources for one generation; what there is nothing for is left out. */
export function createDrafters(
  pair: ModelPair,
  { recycling, workspace, ghosts }: DraftMaterial,
  sources: readonly DraftSource[],
): Drafter[] {
  const wanted: Drafter[] = [];
  if (sources.includes("ghost") && ghosts !== undefined) {
    const drafter = new GhostDrafter(ghosts.store);
    drafter.moveTo(ghosts.documentKey);
    wanted.push(drafter);
  }
  if (sources.includes("suffixMatch")) wanted.push(new SuffixDrafter());
  if (sources.includes("recycling")) wanted.push(new RecyclingDrafter(recycling));
  if (sources.includes("workspace") && workspace !== undefined) {
    const drafter = new WorkspaceDrafter(workspace.index, "workspace");
    drafter.moveTo(workspace.place);
    wanted.push(drafter);
  }
  if (sources.includes("draftModel") && pair.draft !== undefined) {
    const settings = { ...DEFAULT_DRAFT_MODEL, now: () => performance.now() };
    wanted.push(new DraftModelDrafter(pair.draft.target, settings, pair.isEndToken));
  }
  return wanted;
}

/** What the loop is given: the policy decides where there is one, else a usual number of nodes. */
export function draftBudget(pair: ModelPair, policy: DraftPolicy | undefined) {
  if (policy !== undefined) return { maxDraftNodes: MAX_CANDIDATES, policy };
  return { maxDraftNodes: pair.loaded.backend === "cpu" ? CPU_DRAFT_NODES : GPU_DRAFT_NODES };
}

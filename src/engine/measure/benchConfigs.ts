/**
 * The configurations of a benchmark as decoders: what a name means, in one place. A new source of drafts comes in by
 * `DRAFT_SOURCES` and `createDrafters`; another budget by {@link ConfigSurroundings.newPolicy}.
 */
import {
  BENCH_SOURCES,
  FUSED_CONFIG,
  isPlainConfig,
  leftOutSource,
  PEER_CONFIGS,
  UNION_CONFIG,
} from "../../bench/base/benchConfigNames.ts";
import {
  type DecoderSurroundings,
  plainDecoder,
  speculativeDecoder,
} from "../../bench/decoders/coreDecoders.ts";
import type { BenchConfig, Decoder } from "../../bench/speed/benchDecoder.ts";
import type { RunConfig } from "../../bench/speed/contestant.ts";
import type { DraftPolicy } from "../../core/budget/draftPolicy.ts";
import { RecyclingStore } from "../../core/drafters/recyclingStore.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import type { TargetModel } from "../../core/tree/targetModel.ts";
import { createDrafters, draftBudget } from "../complete/draftSetup.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { Peers } from "./benchPeers.ts";
import type { BenchWorkspace } from "./benchWorkspace.ts";

/** What the decoders of one suite are built on. Nothing that is learned passes from one configuration to another. */
export interface ConfigSurroundings {
  readonly pair: ModelPair;
  /** The pair's own target, or the one that stands before it. */
  readonly target: TargetModel;
  /** The peers, or why there are none. */
  readonly peers: Peers | string;
  readonly workspace: BenchWorkspace;
  /** A policy that has learned nothing yet; undefined where t(n) is not known. */
  readonly newPolicy: () => DraftPolicy | undefined;
}

/** Those that can run, and those that cannot with the reason. */
export function createConfigs(
  names: readonly string[],
  surroundings: ConfigSurroundings,
): { readonly configs: BenchConfig[]; readonly leftOut: RunConfig[] } {
  const configs: BenchConfig[] = [];
  const leftOut: RunConfig[] = [];
  for (const name of names) {
    const decoders = decodersOf(name, surroundings);
    if (typeof decoders === "string") {
      leftOut.push({ name, setting: "", tried: [], failure: decoders });
    } else configs.push({ name, ...decoders });
  }
  return { configs, leftOut };
}

const NO_DRAFT = "no draft model is loaded.";

/** Decoders of a configuration, or why it cannot run. */
function decodersOf(
  name: string,
  surroundings: ConfigSurroundings,
): Omit<BenchConfig, "name"> | string {
  const { pair, target, peers } = surroundings;
  const hasDraft = pair.draft !== undefined;
  const peer = PEER_CONFIGS.find((one) => one === name);
  if (peer !== undefined) {
    if (peer === "peer:draft" && !hasDraft) return NO_DRAFT;
    return typeof peers === "string" ? peers : peers.decoders(peer);
  }
  if (isPlainConfig(name)) {
    return { isPeer: false, decoders: [plainDecoder(target, common(pair))] };
  }
  const own = (decoder: Decoder) => ({ isPeer: false, decoders: [decoder] });
  const sources = BENCH_SOURCES.filter((source) => source !== "draftModel" || hasDraft);
  const single = BENCH_SOURCES.find((source) => source === name);
  const without = leftOutSource(name);
  if (!hasDraft && (single === "draftModel" || without === "draftModel")) return NO_DRAFT;
  if (single !== undefined) return own(speculative([single], true, surroundings));
  if (name === UNION_CONFIG) return own(speculative(sources, false, surroundings));
  if (name === FUSED_CONFIG) return own(speculative(sources, true, surroundings));
  if (without === undefined) return "no such configuration.";
  const rest = sources.filter((source) => source !== without);
  return own(speculative(rest, true, surroundings));
}

/** @param hasPolicy - whether the measured budget decides, as in the product, or a fixed number of nodes. */
function speculative(
  sources: readonly DraftSource[],
  hasPolicy: boolean,
  { pair, target, workspace, newPolicy }: ConfigSurroundings,
): Decoder {
  const recycling = new RecyclingStore(target.vocabSize);
  const policy = hasPolicy ? newPolicy() : undefined;
  const budget = draftBudget(pair, policy);
  const usesDraft = pair.draft !== undefined && sources.includes("draftModel");
  const limit =
    policy === undefined ? `${budget.maxDraftNodes} nodes a pass` : "nodes by measured cost";
  return speculativeDecoder(
    {
      setting: `${sources.join(", ")}; ${limit}`,
      params: { target, ...budget },
      async drafters(context, signal) {
        const material = { recycling, workspace: await workspace.enter(context, signal) };
        return createDrafters(pair, material, sources);
      },
      caches: usesDraft ? [pair.draft.target] : [],
    },
    common(pair),
  );
}

function common({ isEndToken }: ModelPair): DecoderSurroundings {
  return { now: () => performance.now(), isEndToken };
}

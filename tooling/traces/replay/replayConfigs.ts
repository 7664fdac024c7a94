/** What a replay compares: today's sources alone, their union without a budget, and as the product fuses them. */

import {
  BENCH_SOURCES,
  FUSED_CONFIG,
  leftOutSource,
  PLAIN_CONFIG,
  UNION_CONFIG,
  withoutSource,
} from "../../../src/bench/base/benchConfigNames.ts";
import { MeasuredPolicy } from "../../../src/core/budget/measuredPolicy.ts";
import {
  DEFAULT_DRAFT_MODEL,
  DraftModelDrafter,
} from "../../../src/core/drafters/draftModelDrafter.ts";
import { RecyclingDrafter } from "../../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../../src/core/drafters/suffixDrafter.ts";
import { WorkspaceDrafter } from "../../../src/core/drafters/workspaceDrafter.ts";
import type { Drafter, DraftMode } from "../../../src/core/tree/drafter.ts";
import type { DraftSource } from "../../../src/core/tree/draftTree.ts";
import { END, SamDecoding, SearchedText } from "../published/samDecoding.ts";
import { SuffixDecoding } from "../published/suffixDecoding.ts";
import { type RecyclingMatrix, TokenRecycling } from "../published/tokenRecycling.ts";
import { costTable } from "./replayCosts.ts";
import type { ReplayConfig, ReplayMaterial } from "./traceReplay.ts";

/** Candidates of a pass where the measured cost decides (`engine/complete/draftSetup.ts`), and what its table reaches to. */
const MAX_CANDIDATES = 64;
const MAX_ROWS = 128;

/** Those that run unless asked otherwise. */
export const DEFAULT_REPLAY_CONFIGS: readonly string[] = [
  PLAIN_CONFIG,
  ...BENCH_SOURCES,
  UNION_CONFIG,
  FUSED_CONFIG,
];
/** Methods as published, verified without a budget: as many nodes as the union has. */
const PUBLISHED: ReadonlyMap<string, ReplayConfig> = new Map(
  (["SuffixDecoding", "SAM", "TokenRecycling", "SAM+TokenRecycling"] as const).map((name) => [
    name,
    {
      name,
      open(_vocabSize, { unionNodes }) {
        const matrix: RecyclingMatrix = new Map();
        const outputs: number[][] = [];
        const drafters = (material: ReplayMaterial): Drafter[] => {
          if (name === "SuffixDecoding") return [new SuffixDecoding(outputs)];
          const recycling = new TokenRecycling(matrix);
          if (name === "TokenRecycling") return [recycling];
          const corpus = corpusOf(material);
          return [new SamDecoding(corpus, name === "SAM" ? undefined : recycling)];
        };
        return { drafters, maxDraftNodes: unionNodes };
      },
    },
  ]),
);
export const ALL_REPLAY_CONFIGS: readonly string[] = [
  ...DEFAULT_REPLAY_CONFIGS,
  ...PUBLISHED.keys(),
  ...BENCH_SOURCES.map(withoutSource),
];

/** @throws RangeError for a name that is none. */
export function replayConfig(name: string): ReplayConfig {
  const published = PUBLISHED.get(name);
  if (published !== undefined) return published;
  if (name === PLAIN_CONFIG)
    return { name, open: () => ({ drafters: () => [], maxDraftNodes: 0 }) };
  const single = BENCH_SOURCES.find((source) => source === name);
  const without = leftOutSource(name);
  const isAll = name === UNION_CONFIG || name === FUSED_CONFIG;
  if (single === undefined && without === undefined && !isAll) {
    throw new RangeError(`${name} is none of ${ALL_REPLAY_CONFIGS.join(", ")}`);
  }
  const sources =
    single === undefined ? BENCH_SOURCES.filter((source) => source !== without) : [single];
  return {
    name,
    open(vocabSize, costs) {
      const store = new RecyclingStore(vocabSize);
      const drafters = (material: ReplayMaterial) => draftersOf(sources, store, material);
      if (name === UNION_CONFIG) return { drafters, maxDraftNodes: costs.unionNodes };
      const policy = new MeasuredPolicy(costTable(costs.target, MAX_ROWS));
      return { drafters, maxDraftNodes: MAX_CANDIDATES, policy };
    },
  };
}

/** The repository's files but the place's own, of which a part is hidden. */
function corpusOf({ prompt, workspace }: ReplayMaterial): SearchedText {
  const corpus = new SearchedText();
  for (const { path, tokens } of workspace.files) {
    if (path === prompt.path) continue;
    corpus.append(tokens);
    corpus.append([END]);
  }
  return corpus;
}

/**
 * The product's drafters of these sources, in its order; without what there is nothing for.
 * @param mode - of the draft model where no policy chooses one.
 */
export function draftersOf(
  sources: readonly DraftSource[],
  store: RecyclingStore,
  { workspace, place, draft, now, isEndToken }: ReplayMaterial,
  mode: DraftMode = "chain",
): Drafter[] {
  const drafters: Drafter[] = [];
  if (sources.includes("suffixMatch")) drafters.push(new SuffixDrafter());
  if (sources.includes("recycling")) drafters.push(new RecyclingDrafter(store));
  if (sources.includes("workspace")) {
    const drafter = new WorkspaceDrafter(workspace.index, "workspace");
    drafter.moveTo(place);
    drafters.push(drafter);
  }
  if (sources.includes("draftModel") && draft !== undefined) {
    const settings = { ...DEFAULT_DRAFT_MODEL, mode, now };
    drafters.push(new DraftModelDrafter(draft, settings, isEndToken));
  }
  return drafters;
}

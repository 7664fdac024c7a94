/** What became of each source's drafts in the configuration that users get. Pure. */
import { FUSED_CONFIG } from "../../bench/base/benchConfigNames.ts";
import type { SuiteFigures } from "../../bench/speed/benchReport.ts";
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";

export type DraftedConfig = NonNullable<ReturnType<typeof draftedConfig>>;
export type SourceRow = DraftedConfig["sources"][number];
export type DepthPoint = ReturnType<typeof depthPoints>[number];

/** Sources in order of what they brought. Of the default configuration, or else the one with the most sources; undefined if nothing was drafted. */
export function draftedConfig(suite: SuiteFigures) {
  const drafted = suite.configs
    .map(({ name, bySource }) => ({
      name,
      sources: DRAFT_SOURCES.flatMap((source) => {
        const figures = bySource[source];
        return figures && figures.verified > 0 ? [{ source, ...figures }] : [];
      }).sort((a, b) => b.accepted - a.accepted),
    }))
    .filter(({ sources }) => sources.length > 0)
    .sort((a, b) => b.sources.length - a.sources.length);
  return drafted.find(({ name }) => name === FUSED_CONFIG) ?? drafted[0];
}

/** One point per source and depth below the root, from 1, at which anything was verified; `share` is accepted / verified. */
export function depthPoints({ sources }: DraftedConfig) {
  return sources.flatMap(({ source, verifiedByDepth, acceptedByDepth }) =>
    verifiedByDepth.flatMap((verified, depth) => {
      if (depth === 0 || verified === 0) return [];
      const accepted = acceptedByDepth[depth] ?? 0;
      return [{ source, depth, verified, accepted, share: accepted / verified }];
    }),
  );
}

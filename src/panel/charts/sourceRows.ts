/** What became of each source's drafts in the configuration that users get. Pure. */
import { FUSED_CONFIG } from "../../bench/base/benchConfigNames.ts";
import type { SourceFigures, SuiteFigures } from "../../bench/speed/benchReport.ts";
import { DRAFT_SOURCES, type DraftSource } from "../../core/tree/draftTree.ts";

export interface SourceRow extends SourceFigures {
  readonly source: DraftSource;
}

export interface DraftedConfig {
  readonly name: string;
  readonly sources: readonly SourceRow[];
}

/** Sources in order of what they brought. Of the default configuration, or else the one with the most sources; undefined if nothing was drafted. */
export function draftedConfig(suite: SuiteFigures): DraftedConfig | undefined {
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

export interface DepthPoint {
  readonly source: DraftSource;
  /** Below the root; at least 1. */
  readonly depth: number;
  readonly verified: number;
  readonly accepted: number;
  /** accepted / verified */
  readonly share: number;
}

/** One point per source and depth at which anything was verified. */
export function depthPoints({ sources }: DraftedConfig): DepthPoint[] {
  return sources.flatMap(({ source, verifiedByDepth, acceptedByDepth }) =>
    verifiedByDepth.flatMap((verified, depth) => {
      if (depth === 0 || verified === 0) return [];
      const accepted = acceptedByDepth[depth] ?? 0;
      return [{ source, depth, verified, accepted, share: accepted / verified }];
    }),
  );
}

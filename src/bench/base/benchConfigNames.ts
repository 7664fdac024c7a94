/** Names of what a benchmark can measure. Those of our own follow the list of sources. */
import { DRAFT_SOURCES, type DraftSource } from "../../core/tree/draftTree.ts";

export const PLAIN_CONFIG = "plain";
/** Plain decoding once more at every prompt: what differs between the two is noise. */
export const PLAIN_AGAIN_CONFIG = "plain again";
export const FUSED_CONFIG = "fused";
export const UNION_CONFIG = "union";
export const PEER_CONFIGS = ["peer:draft", "peer:lookup"] as const;
export type PeerConfig = (typeof PEER_CONFIGS)[number];

export function isPeerConfig(name: string): name is PeerConfig {
  return PEER_CONFIGS.some((peer) => peer === name);
}

/** Whether it is plain decoding, the first time or again. */
export function isPlainConfig(name: string): boolean {
  return name === PLAIN_CONFIG || name === PLAIN_AGAIN_CONFIG;
}

/** Whether a configuration is held to the lossless rule: all of ours but plain, whose output is the rule. */
export function isLosslessConfig(name: string): boolean {
  return !isPlainConfig(name) && !isPeerConfig(name);
}

/** Sources that a benchmark measures: nobody types in it, so there are no suggestions whose rest could be drafted. */
export const BENCH_SOURCES = DRAFT_SOURCES.filter((source) => source !== "ghost");

/** The default without one of its sources. */
export function withoutSource(source: DraftSource): string {
  return `${FUSED_CONFIG}-${source}`;
}

/** The source that a configuration of the default leaves out. */
export function leftOutSource(name: string): DraftSource | undefined {
  return BENCH_SOURCES.find((source) => withoutSource(source) === name);
}

/** Measured whatever is asked for: the baseline, and its noise. */
export const FIXED_CONFIGS: readonly string[] = [PLAIN_CONFIG, PLAIN_AGAIN_CONFIG];

/** What can be asked for, in the order of the report. */
export const ALL_CONFIGS: readonly string[] = [
  PLAIN_CONFIG,
  ...PEER_CONFIGS,
  ...BENCH_SOURCES,
  UNION_CONFIG,
  FUSED_CONFIG,
  ...BENCH_SOURCES.map(withoutSource),
];

/** What runs unless asked otherwise: the product beside plain decoding. */
export const DEFAULT_CONFIGS: readonly string[] = [PLAIN_CONFIG, FUSED_CONFIG];

/** Suites that run in the engine, in the order of the report. */
export const SPEED_SUITES = ["scratch", "repo", "unpredictable"] as const;
export type SpeedSuiteName = (typeof SPEED_SUITES)[number];

/** What the sources of drafts are called where people read of them. */
export const SOURCE_NAMES: Readonly<Record<DraftSource, string>> = {
  recycling: "recycling",
  suffixMatch: "suffix match",
  draftModel: "draft model",
  workspace: "workspace",
  ghost: "earlier suggestions",
};

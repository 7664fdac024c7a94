/** Benchmark reports as the panel gets them: one with gains and losses, one that was stopped early. */
import type {
  BenchReport,
  ConfigFigures,
  SourceFigures,
  SuiteFigures,
} from "../../src/bench/speed/benchReport.ts";
import { comparisonOf } from "../../src/bench/speed/ratioBounds.ts";
import { verdictOf } from "../../src/bench/speed/verdict.ts";

/** A configuration with plain's figures, but for those given and what they say. */
export function configFigures(name: string, figures: Partial<ConfigFigures> = {}): ConfigFigures {
  return compared({
    name,
    setting: name === "plain" ? "one token per pass" : `${name}, budget from t(n)`,
    tried: [],
    numPrompts: 39,
    numLeftOut: 0,
    tokens: 1842,
    decodeMs: 37_250,
    tokensPerSecond: 49.4,
    ratioToPlain: { ratio: 1, low: 1, high: 1 },
    firstLineMs: 402,
    plainFirstLineMs: 402,
    firstLineToPlain: { ratio: 1, low: 1, high: 1 },
    speedComparison: "same",
    firstLineComparison: "same",
    modelledRatio: null,
    meanAcceptanceLength: 1,
    expectedAcceptanceLength: null,
    ttftMs: { p50: 182, p95: 391 },
    hostMsPerStep: 0.02,
    loopShare: 0.025,
    verbatimShare: 0.31,
    bySource: {},
    differingTokens: 0,
    nearTies: 0,
    isComparable: true,
    warnings: [],
    ...figures,
  });
}

function compared(figures: ConfigFigures): ConfigFigures {
  return {
    ...figures,
    speedComparison: comparisonOf(figures.ratioToPlain, undefined),
    firstLineComparison: comparisonOf(figures.firstLineToPlain, undefined),
  };
}

function sourceFigures(
  verifiedByDepth: readonly number[],
  acceptedByDepth: readonly number[],
  tokensPerPassLost: number | null,
): SourceFigures {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const verified = sum(verifiedByDepth);
  return {
    proposed: Math.round(verified * 2.6),
    verified,
    accepted: sum(acceptedByDepth),
    verifiedByDepth,
    acceptedByDepth,
    msPerPass: 0.02,
    tokensPerPassLost,
  };
}

const REPO_SOURCES = {
  recycling: sourceFigures([0, 804, 301, 96, 17, 4], [0, 402, 122, 31, 4, 0], 0.21),
  suffixMatch: sourceFigures(
    [0, 512, 377, 301, 188, 102, 44, 12],
    [0, 388, 301, 249, 151, 74, 29, 5],
    0.54,
  ),
  draftModel: sourceFigures([0, 611, 402, 120, 31, 9], [0, 402, 211, 54, 11, 2], 0.33),
};

const SCRATCH_SOURCES = {
  recycling: sourceFigures([0, 904, 211, 36, 6], [0, 301, 48, 6, 0], 0.09),
  suffixMatch: sourceFigures([0, 122, 77, 31, 8], [0, 41, 22, 7, 1], 0.02),
  draftModel: sourceFigures([0, 801, 302, 70, 11], [0, 379, 101, 17, 2], 0.27),
};

/** Nothing disturbed the suite, and nothing in it differed. */
const UNDISTURBED: Pick<
  SuiteFigures,
  "busyPrompts" | "maxOthersShare" | "warmupOthersShare" | "differences" | "ending"
> = {
  busyPrompts: 0,
  maxOthersShare: 0.03,
  warmupOthersShare: 0.02,
  differences: [],
  ending: "time",
};

const repo: SuiteFigures = {
  ...UNDISTURBED,
  origin: "Spans of treeline (120 files, 0.9 MB) are hidden. No index of other code is read.",
  numPrompts: 40,
  numLooping: 1,
  numShort: 3,
  maxTokens: 64,
  maxPromptTokens: 512,
  unmeasured: [],
  fusedOver: {
    plain: { ratio: 1.87, low: 1.69, high: 2.06 },
    "peer:draft": { ratio: 2.04, low: 1.86, high: 2.25 },
    suffixMatch: { ratio: 1.13, low: 1.06, high: 1.2 },
  },
  fusedFirstLineOver: {
    plain: { ratio: 1.26, low: 1.12, high: 1.41 },
    "peer:draft": { ratio: 1.01, low: 0.97, high: 1.06 },
  },
  configs: [
    configFigures("plain"),
    configFigures("peer:draft", {
      setting: "node-llama-cpp's DraftSequenceTokenPredictor, 4 tokens, minimum confidence 0.6",
      tokensPerSecond: 44.1,
      ratioToPlain: { ratio: 0.89, low: 0.84, high: 0.95 },
      meanAcceptanceLength: 1.71,
      ttftMs: { p50: 196, p95: 455 },
      hostMsPerStep: null,
      warnings: [
        "Its best setting of 6 tried; it stops a token later than ours where a block ends.",
      ],
    }),
    configFigures("peer:lookup", {
      setting: "node-llama-cpp's InputLookupTokenPredictor, 3 tokens",
      tokensPerSecond: 56.2,
      ratioToPlain: { ratio: 1.13, low: 0.99, high: 1.27 },
      meanAcceptanceLength: 1.38,
      ttftMs: { p50: 183, p95: 402 },
      hostMsPerStep: null,
    }),
    configFigures("recycling", {
      tokensPerSecond: 59.7,
      ratioToPlain: { ratio: 1.21, low: 1.12, high: 1.31 },
      modelledRatio: 1.29,
      meanAcceptanceLength: 1.48,
      expectedAcceptanceLength: 1.52,
    }),
    configFigures("suffixMatch", {
      tokensPerSecond: 81.3,
      ratioToPlain: { ratio: 1.66, low: 1.43, high: 1.92 },
      modelledRatio: 1.74,
      meanAcceptanceLength: 1.94,
      expectedAcceptanceLength: 1.88,
    }),
    configFigures("draftModel", {
      tokensPerSecond: 61.4,
      ratioToPlain: { ratio: 1.24, low: 1.15, high: 1.33 },
      modelledRatio: 1.61,
      meanAcceptanceLength: 1.9,
      expectedAcceptanceLength: 2.04,
      ttftMs: { p50: 201, p95: 447 },
    }),
    configFigures("fused", {
      setting: "recycling, suffix match and draft model; budget from t(n)",
      tokensPerSecond: 92.6,
      ratioToPlain: { ratio: 1.87, low: 1.69, high: 2.06 },
      firstLineMs: 1_912,
      plainFirstLineMs: 2_409,
      firstLineToPlain: { ratio: 1.26, low: 1.12, high: 1.41 },
      modelledRatio: 1.98,
      meanAcceptanceLength: 2.31,
      expectedAcceptanceLength: 2.4,
      ttftMs: { p50: 203, p95: 451 },
      hostMsPerStep: 0.34,
      bySource: REPO_SOURCES,
      nearTies: 2,
    }),
  ],
};

const scratch: SuiteFigures = {
  ...UNDISTURBED,
  origin:
    "Spans of node-llama-cpp 3.21.1 (60 files) are hidden, which is no part of treeline (120 files, 0.9 MB). No index of other code is read.",
  numPrompts: 40,
  numLooping: 1,
  numShort: 3,
  maxTokens: 64,
  maxPromptTokens: 512,
  unmeasured: [],
  fusedOver: {},
  fusedFirstLineOver: {},
  configs: [
    configFigures("plain", { tokensPerSecond: 48.8 }),
    configFigures("peer:draft", {
      tokensPerSecond: 35.2,
      ratioToPlain: { ratio: 0.72, low: 0.66, high: 0.79 },
      meanAcceptanceLength: 1.42,
      ttftMs: { p50: 198, p95: 460 },
      hostMsPerStep: null,
    }),
    configFigures("peer:lookup", {
      tokensPerSecond: 46.4,
      ratioToPlain: { ratio: 0.95, low: 0.91, high: 0.98 },
      meanAcceptanceLength: 1.04,
      hostMsPerStep: null,
    }),
    configFigures("recycling", {
      tokensPerSecond: 51.3,
      ratioToPlain: { ratio: 1.05, low: 0.99, high: 1.1 },
      modelledRatio: 1.09,
      meanAcceptanceLength: 1.24,
      expectedAcceptanceLength: 1.3,
    }),
    configFigures("suffixMatch", {
      tokensPerSecond: 48.9,
      ratioToPlain: { ratio: 1, low: 0.97, high: 1.03 },
      modelledRatio: 1.02,
      meanAcceptanceLength: 1.08,
      expectedAcceptanceLength: 1.1,
    }),
    configFigures("draftModel", {
      tokensPerSecond: 52.1,
      ratioToPlain: { ratio: 1.07, low: 1.01, high: 1.13 },
      modelledRatio: 1.19,
      meanAcceptanceLength: 1.52,
      expectedAcceptanceLength: 1.61,
      ttftMs: { p50: 204, p95: 449 },
    }),
    configFigures("fused", {
      setting: "recycling, suffix match and draft model; budget from t(n)",
      tokensPerSecond: 54.4,
      ratioToPlain: { ratio: 1.11, low: 1.04, high: 1.18 },
      modelledRatio: 1.2,
      meanAcceptanceLength: 1.58,
      expectedAcceptanceLength: 1.66,
      ttftMs: { p50: 205, p95: 452 },
      hostMsPerStep: 0.31,
      bySource: SCRATCH_SOURCES,
      nearTies: 1,
    }),
  ],
};

/** Speculation pays on both suites, some configurations lose. */
export const GAIN_REPORT: BenchReport = {
  treeline: "0.1.0",
  date: "2026-11-21T09:30:00.000Z",
  isComplete: true,
  budgetMs: 178_000,
  elapsedMs: 175_400,
  verdict: verdictOf({ repo }),
  machine: {
    cpu: "AMD EPYC 7R13",
    cores: 8,
    memoryBytes: 16 * 1024 ** 3,
    platform: "linux x64",
    busyShare: 0.04,
    isBusy: false,
  },
  backend: "cpu",
  deviceNames: [],
  models: {
    target: { name: "Qwen2.5-Coder 1.5B Q8_0", fileBytes: 1_646_573_344 },
    draft: { name: "Qwen2.5-Coder 0.5B Q8_0", fileBytes: 531_068_768 },
  },
  versions: { node: "24.21.0", llamaCpp: "b6123", nodeLlamaCpp: "3.21.1" },
  settings: {
    seed: 1,
    threads: 8,
    threadsAtEnd: 8,
    contextSize: 4096,
    configs: repo.configs.map(({ name }) => name),
  },
  cost: {
    kvLength: 1024,
    points: [
      { numRows: 1, ms: 20.5 },
      { numRows: 2, ms: 27.9 },
      { numRows: 3, ms: 32.6 },
      { numRows: 4, ms: 36.5 },
      { numRows: 6, ms: 47.2 },
      { numRows: 8, ms: 57.4 },
      { numRows: 12, ms: 78.1 },
      { numRows: 16, ms: 100.5 },
    ],
    chosenNodes: 3,
  },
  suites: { repo, scratch },
  lossless: { tokens: 18_420, differingTokens: 0, nearTies: 3, maxNearTieRate: 0.001 },
  warnings: [],
};

function replaceConfig(suite: SuiteFigures, config: ConfigFigures): SuiteFigures {
  const configs = suite.configs.map((each) => (each.name === config.name ? config : each));
  return { ...suite, configs };
}

/** The default configuration of a suite with other figures. */
export function withFused(suite: SuiteFigures, figures: Partial<ConfigFigures>): SuiteFigures {
  const fused = suite.configs.find(({ name }) => name === "fused");
  return replaceConfig(suite, compared({ ...(fused ?? configFigures("fused")), ...figures }));
}

/** Speculation that puts out something else on a suite, where its row compares nothing. */
export const WRONG_REPORT: BenchReport = {
  ...GAIN_REPORT,
  suites: { repo, scratch: withFused(scratch, { differingTokens: 3, isComparable: false }) },
  lossless: { ...GAIN_REPORT.lossless, differingTokens: 3 },
};

const losingRepo = withFused(
  { ...repo, numPrompts: 12, ending: "aborted" },
  {
    tokensPerSecond: 42.1,
    ratioToPlain: { ratio: 0.86, low: 0.79, high: 0.94 },
    firstLineMs: 2_912,
    plainFirstLineMs: 2_409,
    firstLineToPlain: { ratio: 0.83, low: 0.74, high: 0.91 },
    modelledRatio: 0.93,
  },
);
/** A busy machine, a run that was stopped, and speculation that loses. */
export const LOSS_REPORT: BenchReport = {
  ...GAIN_REPORT,
  verdict: verdictOf({ repo: losingRepo }),
  warnings: [
    "It was stopped before its end: the figures are of the prompts that were finished.",
    "repo: fused is SLOWER than plain decoding: 0.86× (0.79-0.94).",
  ],
  isComplete: false,
  machine: { ...GAIN_REPORT.machine, busyShare: 0.63, isBusy: true },
  models: {
    target: { name: "treeline-tiny", fileBytes: 4_217_344 },
    draft: { name: "treeline-tiny-draft", fileBytes: 824_320 },
  },
  suites: { repo: losingRepo },
  cost: null,
};

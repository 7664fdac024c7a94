/** The figures of `treeline bench`: what its JSON holds. Pure data; `null` where nothing was measured. */
import * as v from "valibot";
import { BACKENDS } from "../../core/base/backend.ts";
import { finite, listOf, mapOf, shapeOf } from "../../core/base/messageSchema.ts";
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";

/** What a ratio says once its bounds, and those of plain decoding against itself, are heeded. */
export const COMPARISONS = ["faster", "slower", "same"] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Why a suite has no more prompts: its time was used, its bounds narrow, the prompts wanted were measured, no more found, an abort. */
export const SUITE_ENDINGS = ["time", "narrow", "prompts", "exhausted", "aborted"] as const;
export type SuiteEnding = (typeof SUITE_ENDINGS)[number];

/** What the figures say about the product. */
export const verdict = shapeOf({
  kind: v.picklist([...COMPARISONS, "undecided"]),
  /** How soon a line is shown; or why that is not known. */
  sentence: v.string(),
  /** Tokens a second, and plain decoding against itself; null where nothing was compared. */
  details: v.nullable(v.string()),
});
export type Verdict = v.InferOutput<typeof verdict>;

/**
 * The ratio of two speeds over all prompts together, with 95 % bounds that hold whenever the runner stopped; of fewer than six
 * prompts the bounds are the range of the prompts' own ratios.
 */
export const ratioInterval = shapeOf({
  ratio: finite,
  low: finite,
  high: finite,
});
export type RatioInterval = v.InferOutput<typeof ratioInterval>;

/** How one source's drafts fared in one configuration. A node of two sources counts for both. */
export const sourceFigures = shapeOf({
  proposed: finite,
  verified: finite,
  accepted: finite,
  /** [deepest + 1] of the verified and the accepted nodes, how many stood at that depth below the root; [0] is 0. */
  verifiedByDepth: listOf(finite),
  acceptedByDepth: listOf(finite),
  /** What drafting and learning took, per pass; the draft model's own passes are in it. */
  msPerPass: finite,
  /** Mean acceptance length lost when the source is left out, where such a configuration ran; else null. */
  tokensPerPassLost: v.nullable(finite),
});
export type SourceFigures = v.InferOutput<typeof sourceFigures>;

/** A setting that was tried on the warm-up prompts, which are not in the figures. */
export const triedSetting = shapeOf({
  setting: v.string(),
  tokensPerSecond: finite,
});
export type TriedSetting = v.InferOutput<typeof triedSetting>;

/**
 * One way to decode, over the measured prompts of a suite. A run has two parts. The first ends with the tokens of the
 * first pass that yields any: prompt, drafters' start, first drafts. The second is decoding: everything after it until
 * the output ends, and the tokens that came meanwhile. Both are cut in the same place for every configuration, peers
 * included.
 */
export const configFigures = shapeOf({
  name: v.string(),
  /** What it is set to, in words: sources, budget, or a peer's best setting of those tried. */
  setting: v.string(),
  tried: listOf(triedSetting),
  /** Prompts that the figures are of: those that end with the first pass are not among them, nor are `numLeftOut`. */
  numPrompts: finite,
  /**
   * Prompts at which its output is another text than plain's, so that its speed would be that of other work: after a near
   * tie, and where it loops though plain's does not.
   */
  numLeftOut: finite,
  /** Sums over those prompts, of decoding alone. */
  tokens: finite,
  decodeMs: finite,
  tokensPerSecond: finite,
  /** Decoding speed over that of `plain`, at the same prompts. */
  ratioToPlain: ratioInterval,
  /**
   * From the request to the end of the first line (of the output, where it has none), the whole prompt included: its mean and
   * plain's at the same prompts, and how many times as soon as plain's the line is there. The prompt is evaluated once for all
   * configurations of ours, and its time is in each.
   */
  firstLineMs: finite,
  plainFirstLineMs: finite,
  firstLineToPlain: ratioInterval,
  /** What both ratios say, beyond what plain decoding differs by from itself. */
  speedComparison: v.picklist(COMPARISONS),
  firstLineComparison: v.picklist(COMPARISONS),
  /** What t(n) allows at this acceptance: t(1) × tokens / Σ t(rows of each pass), drafts and host free. */
  modelledRatio: v.nullable(finite),
  /** Tokens per pass, the bonus included: as realised, and as the calibrated scores promised. */
  meanAcceptanceLength: finite,
  expectedAcceptanceLength: v.nullable(finite),
  /** From the request to the first tokens, the whole prompt included. */
  ttftMs: shapeOf({ p50: finite, p95: finite }),
  /** Read for drafts, draft, fuse, budget, verify, commit and learn, per pass. */
  hostMsPerStep: v.nullable(finite),
  /**
   * Of the prompts tried whose output is long enough, warm-ups not counted, those whose output repeats an 8-gram three
   * times: plain's, for which another prompt was taken, and its own besides. They are in no other figure.
   */
  loopShare: finite,
  /** Of the hidden lines, those that stand elsewhere in the same form; the same in every row. */
  verbatimShare: v.nullable(finite),
  bySource: v.pipe(v.record(v.picklist(DRAFT_SOURCES), sourceFigures), v.readonly()),
  /** Tokens that differ from plain's beyond near ties (must be 0 for our own), and near ties: one at most in an output. */
  differingTokens: finite,
  nearTies: finite,
  /**
   * False where it generates other numbers of tokens than plain, or is one of ours and not lossless: its row is marked and
   * its speed compares nothing.
   */
  isComparable: v.boolean(),
  /** What a reader must know before believing the row: other stop rules, other tokens, a slow drafter. */
  warnings: listOf(v.string()),
});
export type ConfigFigures = v.InferOutput<typeof configFigures>;

/** A configuration without figures: it was left out, or no prompt was left to measure. */
export const unmeasuredConfig = shapeOf({
  name: v.string(),
  setting: v.string(),
  loopShare: v.nullable(finite),
  /** As for those with figures; 0 where it was left out. */
  numLeftOut: finite,
  differingTokens: finite,
  nearTies: finite,
  warnings: listOf(v.string()),
});
export type UnmeasuredConfig = v.InferOutput<typeof unmeasuredConfig>;

/** Where an output leaves plain's: the first token that differs, with plain's own logits of both. */
export const differenceFigures = shapeOf({
  config: v.string(),
  /** Which measured prompt, from 0. */
  prompt: finite,
  /** Index in the output. */
  index: finite,
  /** -1 where that output had ended; its logit is then that of plain's best token. */
  plainToken: finite,
  otherToken: finite,
  plainLogit: finite,
  otherLogit: finite,
  /** Between plain's two best tokens there. */
  gap: finite,
  /** Forgiven by the lossless rule. */
  isNearTie: v.boolean(),
});
export type DifferenceFigures = v.InferOutput<typeof differenceFigures>;

export const suiteFigures = shapeOf({
  /** Where the prompts come from, in words. */
  origin: v.string(),
  /** Prompts that every configuration finished. */
  numPrompts: finite,
  /** Drawn besides and replaced, warm-ups not counted: plain's output loops, or ends too soon to be measured. */
  numLooping: finite,
  numShort: finite,
  maxTokens: finite,
  /** Prompt tokens at most. */
  maxPromptTokens: finite,
  configs: listOf(configFigures),
  unmeasured: listOf(unmeasuredConfig),
  /** Why there are no more prompts. */
  ending: v.picklist(SUITE_ENDINGS),
  /** Decoding speed of `fused` over each other configuration's; empty without `fused`. */
  fusedOver: mapOf(ratioInterval),
  /** How many times as soon as theirs the first line of `fused` is there, likewise. */
  fusedFirstLineOver: mapOf(ratioInterval),
  /** Prompts during which others used so much of the machine that their times are doubtful, and the most that was. */
  busyPrompts: finite,
  maxOthersShare: finite,
  /** What others used while settings were tried and caches warmed. */
  warmupOthersShare: finite,
  /** Every place where an output leaves plain's, near ties and defects alike, peers included. */
  differences: listOf(differenceFigures),
});
export type SuiteFigures = v.InferOutput<typeof suiteFigures>;

/** Our own outputs beside plain's, over all suites and configurations: what the lossless rule judges. */
export const losslessFigures = shapeOf({
  /** Emitted tokens that were compared, up to a near tie, plain's own not counted. */
  tokens: finite,
  differingTokens: finite,
  nearTies: finite,
  /** Near ties forgiven per token on this backend. */
  maxNearTieRate: finite,
});
export type LosslessFigures = v.InferOutput<typeof losslessFigures>;

export const benchReport = shapeOf({
  treeline: v.string(),
  /** ISO 8601. */
  date: v.string(),
  /** What the figures say about the product, to be read first. */
  verdict,
  /** False if it was stopped before its end: what is there is complete prompt by prompt. */
  isComplete: v.boolean(),
  /** Time that it was given, in ms, and what it took. */
  budgetMs: finite,
  elapsedMs: finite,
  machine: shapeOf({
    cpu: v.string(),
    cores: finite,
    memoryBytes: finite,
    platform: v.string(),
    /** Share of the cores that others used before the start, 0 … 1, and whether that makes the figures doubtful. */
    busyShare: finite,
    isBusy: v.boolean(),
  }),
  backend: v.picklist(BACKENDS),
  deviceNames: listOf(v.string()),
  models: shapeOf({
    target: shapeOf({ name: v.string(), fileBytes: finite }),
    draft: v.nullable(shapeOf({ name: v.string(), fileBytes: finite })),
  }),
  versions: shapeOf({
    node: v.string(),
    llamaCpp: v.string(),
    nodeLlamaCpp: v.string(),
  }),
  settings: shapeOf({
    seed: finite,
    /** Of the target when it was loaded, and of all its passes here: fewer where passes had to wait for cores before. */
    threads: finite,
    threadsAtEnd: finite,
    contextSize: finite,
    configs: listOf(v.string()),
  }),
  cost: v.nullable(
    shapeOf({
      /** Cached tokens before the pass. */
      kvLength: finite,
      points: listOf(shapeOf({ numRows: finite, ms: finite })),
      /** Nodes the budget chose most often, the root not counted; null without a budget. */
      chosenNodes: v.nullable(finite),
    }),
  ),
  suites: mapOf(suiteFigures),
  lossless: losslessFigures,
  /** Sentences that a reader must heed: losses, lies that were caught, a busy machine. */
  warnings: listOf(v.string()),
});
export type BenchReport = v.InferOutput<typeof benchReport>;

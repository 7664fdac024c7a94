/** The figures of `treeline bench`: what its JSON holds. Pure data; `null` where nothing was measured. */
import type { Backend } from "../../core/base/backend.ts";
import type { PassCostPoint } from "../../core/budget/passCost.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import type { SuiteEnding } from "./benchRunner.ts";
import type { Comparison } from "./ratioBounds.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The ratio of two speeds over all prompts together, with 95 % bounds that hold whenever the runner stopped; of fewer than six
 * prompts the bounds are the range of the prompts' own ratios.
 */
export interface RatioInterval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

/** How one source's drafts fared in one configuration. A node of two sources counts for both. */
export interface SourceFigures {
  readonly proposed: number;
  readonly verified: number;
  readonly accepted: number;
  /** [deepest + 1] of the verified and the accepted nodes, how many stood at that depth below the root; [0] is 0. */
  readonly verifiedByDepth: readonly number[];
  readonly acceptedByDepth: readonly number[];
  /** What drafting and learning took, per pass; the draft model's own passes are in it. */
  readonly msPerPass: number;
  /** Mean acceptance length lost when the source is left out, where such a configuration ran; else null. */
  readonly tokensPerPassLost: number | null;
}

/** A setting that was tried on the warm-up prompts, which are not in the figures. */
export interface TriedSetting {
  readonly setting: string;
  readonly tokensPerSecond: number;
}

/**
 * One way to decode, over the measured prompts of a suite. A run has two parts. The first ends with the tokens of the
 * first pass that yields any: prompt, drafters' start, first drafts. The second is decoding: everything after it until
 * the output ends, and the tokens that came meanwhile. Both are cut in the same place for every configuration, peers
 * included.
 */
export interface ConfigFigures {
  readonly name: string;
  /** What it is set to, in words: sources, budget, or a peer's best setting of those tried. */
  readonly setting: string;
  readonly tried: readonly TriedSetting[];
  /** Prompts that the figures are of: those that end with the first pass are not among them, nor are `numLeftOut`. */
  readonly numPrompts: number;
  /**
   * Prompts at which its output is another text than plain's, so that its speed would be that of other work: after a near
   * tie, and where it loops though plain's does not.
   */
  readonly numLeftOut: number;
  /** Sums over those prompts, of decoding alone. */
  readonly tokens: number;
  readonly decodeMs: number;
  readonly tokensPerSecond: number;
  /** Decoding speed over that of `plain`, at the same prompts. */
  readonly ratioToPlain: RatioInterval;
  /**
   * From the request to the end of the first line (of the output, where it has none), the whole prompt included: its mean and
   * plain's at the same prompts, and how many times as soon as plain's the line is there. The prompt is evaluated once for all
   * configurations of ours, and its time is in each.
   */
  readonly firstLineMs: number;
  readonly plainFirstLineMs: number;
  readonly firstLineToPlain: RatioInterval;
  /** What both ratios say, beyond what plain decoding differs by from itself. */
  readonly speedComparison: Comparison;
  readonly firstLineComparison: Comparison;
  /** What t(n) allows at this acceptance: t(1) × tokens / Σ t(rows of each pass), drafts and host free. */
  readonly modelledRatio: number | null;
  /** Tokens per pass, the bonus included: as realised, and as the calibrated scores promised. */
  readonly meanAcceptanceLength: number;
  readonly expectedAcceptanceLength: number | null;
  /** From the request to the first tokens, the whole prompt included. */
  readonly ttftMs: Quantiles;
  /** Draft, fuse, budget, verify, commit and learn, per pass. */
  readonly hostMsPerStep: number | null;
  /**
   * Of the prompts tried whose output is long enough, warm-ups not counted, those whose output repeats an 8-gram three
   * times: plain's, for which another prompt was taken, and its own besides. They are in no other figure.
   */
  readonly loopShare: number;
  /** Of the hidden lines, those that stand elsewhere in the same form; the same in every row. */
  readonly verbatimShare: number | null;
  readonly bySource: Partial<Readonly<Record<DraftSource, SourceFigures>>>;
  /** Tokens that differ from plain's beyond near ties (must be 0 for our own), and near ties: one at most in an output. */
  readonly differingTokens: number;
  readonly nearTies: number;
  /**
   * False where it generates other numbers of tokens than plain, or is one of ours and not lossless: its row is marked and
   * its speed compares nothing.
   */
  readonly isComparable: boolean;
  /** What a reader must know before believing the row: other stop rules, other tokens, a slow drafter. */
  readonly warnings: readonly string[];
}

/** A configuration without figures: it was left out, or no prompt was left to measure. */
export interface UnmeasuredConfig {
  readonly name: string;
  readonly setting: string;
  readonly loopShare: number | null;
  /** As for those with figures; 0 where it was left out. */
  readonly numLeftOut: number;
  readonly differingTokens: number;
  readonly nearTies: number;
  readonly warnings: readonly string[];
}

/** Where an output leaves plain's: the first token that differs, with plain's own logits of both. */
export interface DifferenceFigures {
  readonly config: string;
  /** Which measured prompt, from 0. */
  readonly prompt: number;
  /** Index in the output. */
  readonly index: number;
  /** -1 where that output had ended; its logit is then that of plain's best token. */
  readonly plainToken: number;
  readonly otherToken: number;
  readonly plainLogit: number;
  readonly otherLogit: number;
  /** Between plain's two best tokens there. */
  readonly gap: number;
  /** Forgiven by the lossless rule. */
  readonly isNearTie: boolean;
}

export interface SuiteFigures {
  /** Where the prompts come from, in words. */
  readonly origin: string;
  /** Prompts that every configuration finished. */
  readonly numPrompts: number;
  /** Drawn besides and replaced, warm-ups not counted: plain's output loops, or ends too soon to be measured. */
  readonly numLooping: number;
  readonly numShort: number;
  readonly maxTokens: number;
  /** Prompt tokens at most. */
  readonly maxPromptTokens: number;
  readonly configs: readonly ConfigFigures[];
  readonly unmeasured: readonly UnmeasuredConfig[];
  /** Why there are no more prompts. */
  readonly ending: SuiteEnding;
  /** Decoding speed of `fused` over each other configuration's; empty without `fused`. */
  readonly fusedOver: Readonly<Record<string, RatioInterval>>;
  /** How many times as soon as theirs the first line of `fused` is there, likewise. */
  readonly fusedFirstLineOver: Readonly<Record<string, RatioInterval>>;
  /** Prompts during which others used so much of the machine that their times are doubtful, and the most that was. */
  readonly busyPrompts: number;
  readonly maxOthersShare: number;
  /** What others used while settings were tried and caches warmed. */
  readonly warmupOthersShare: number;
  /** Every place where an output leaves plain's, near ties and defects alike, peers included. */
  readonly differences: readonly DifferenceFigures[];
}

/** Our own outputs beside plain's, over all suites and configurations: what the lossless rule judges. */
export interface LosslessFigures {
  /** Emitted tokens that were compared, plain's own not counted. */
  readonly tokens: number;
  readonly differingTokens: number;
  readonly nearTies: number;
  /** Near ties forgiven per token on this backend. */
  readonly maxNearTieRate: number;
}

export interface BenchReport {
  readonly treeline: string;
  /** ISO 8601. */
  readonly date: string;
  /** What the figures say about the product, to be read first. */
  readonly verdict: Verdict;
  /** False if it was stopped before its end: what is there is complete prompt by prompt. */
  readonly isComplete: boolean;
  /** Time that it was given, in ms, and what it took. */
  readonly budgetMs: number;
  readonly elapsedMs: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly platform: string;
    /** Share of the cores that others used before the start, 0 … 1, and whether that makes the figures doubtful. */
    readonly busyShare: number;
    readonly isBusy: boolean;
  };
  readonly backend: Backend;
  readonly deviceNames: readonly string[];
  readonly models: {
    readonly target: { readonly name: string; readonly fileBytes: number };
    readonly draft: { readonly name: string; readonly fileBytes: number } | null;
  };
  readonly versions: {
    readonly node: string;
    readonly llamaCpp: string;
    readonly nodeLlamaCpp: string;
  };
  readonly settings: {
    readonly seed: number;
    /** Of the target when it was loaded, and of all its passes here: fewer where passes had to wait for cores before. */
    readonly threads: number;
    readonly threadsAtEnd: number;
    readonly contextSize: number;
    readonly configs: readonly string[];
  };
  readonly cost: {
    /** Cached tokens before the pass. */
    readonly kvLength: number;
    readonly points: readonly PassCostPoint[];
    /** Nodes the budget chose most often, the root not counted; null without a budget. */
    readonly chosenNodes: number | null;
  } | null;
  readonly suites: Readonly<Record<string, SuiteFigures>>;
  readonly lossless: LosslessFigures;
  /** Sentences that a reader must heed: losses, lies that were caught, a busy machine. */
  readonly warnings: readonly string[];
}

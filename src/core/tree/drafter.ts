/** What a drafter is. A drafter affects speed only, never output; the loop survives one that fails or lies. */

import { concatTokens } from "../base/tokens.ts";
import type { DraftSource, DraftTree } from "./draftTree.ts";
import type { PromptReader } from "./promptReading.ts";
import type { TreeLogits } from "./targetModel.ts";
import type { AcceptedPath } from "./verifyGreedy.ts";

/** The start of a generation, in tokens. */
export interface GenerationContext {
  /** The whole prompt as the models see it, markers included; its last token is the first root. */
  readonly promptTokens: Int32Array;
  /** The text before the cursor, without markers: what the output continues. */
  readonly prefixTokens: Int32Array;
  /** The text after the cursor, without markers. */
  readonly suffixTokens: Int32Array;
  /**
   * What a draft model reads in place of `promptTokens`: short, as it is read anew at each new place, while tokens are waited
   * for (`draftPrompt.ts`). The output continues both. Absent: `promptTokens`.
   */
  readonly draftPromptTokens?: Int32Array | undefined;
}

/** The same behind tokens of the output. */
export function contextAfter(context: GenerationContext, tokens: Int32Array): GenerationContext {
  if (tokens.length === 0) return context;
  const { draftPromptTokens } = context;
  return {
    ...context,
    promptTokens: concatTokens(context.promptTokens, tokens),
    draftPromptTokens: draftPromptTokens && concatTokens(draftPromptTokens, tokens),
    prefixTokens: concatTokens(context.prefixTokens, tokens),
  };
}

/** How a draft model drafts: its greedy choices, or the best-first tree of its likely tokens, which the measured policy asks for. */
export const DRAFT_MODES = ["chain", "tree"] as const;
export type DraftMode = (typeof DRAFT_MODES)[number];

/** What drafts are weighed against, in ms. */
export interface DraftWorth {
  /** What an accepted token saves. */
  readonly tokenMs: number;
  /** What a drafted node costs the target's pass, beyond the first few. */
  readonly rowMs: number;
  /** The chance that the next token is none that others drafted; absent: 1. */
  readonly missRate?: number;
  /** It learns from this draft. */
  readonly pace: PassPace;
}

/** What passes of a draft model took, and how often they hit. */
export interface PassPace {
  /** Expected ms of a pass of so many rows; undefined before the first pass. */
  passMs(numRows: number): number | undefined;
  recordPass(numRows: number, ms: number): void;
  /** The chance that the target, at a node that was looked beyond, goes on with one of the children drafted there; 0 … 1. */
  readonly hitRate: number;
  /** Reports what the target did at such a node. */
  recordHit(isHit: boolean): void;
}

/** What a step may spend on drafting. */
export interface DraftBudget {
  /** Drafted nodes that will be verified, the root not counted. */
  readonly maxNodes: number;
  /** Draft tokens below the root that could still be used. */
  readonly maxDepth: number;
  /** Nodes that the target reaches with a smaller chance than this are not worth drafting; 0 … 1. */
  readonly minSurvival: number;
  /** For a source that has modes; absent: its own default. */
  readonly mode?: DraftMode | undefined;
  /** For a source that pays by the pass. Absent: nothing is measured. */
  readonly worth?: DraftWorth | undefined;
  /** For the same: what others drafted, to be judged and gone on from; scores are the chances that the target chooses each. */
  readonly others?: DraftTree | undefined;
}

/** One finished step, for learning. The logits are valid only during the call. */
export interface VerifiedStep {
  readonly tree: DraftTree;
  readonly path: AcceptedPath;
  /** [accepted + 1] the accepted tokens, then the bonus token. */
  readonly committed: Int32Array;
  readonly logits: TreeLogits;
}

/** Proposes tokens (verbs after llama.cpp's `common/speculative.h`). */
export interface Drafter {
  readonly source: DraftSource;
  /**
   * Whether it begins and learns even while the policy has it sit out: for what outlives the generation and costs little.
   * A store that learned only while it pays would never come to pay.
   */
  readonly learnsWhilePaused?: boolean;
  /**
   * Of one that drafts by passes of a model: what it has to read first. It takes no part in a generation's first step,
   * neither reading nor drafting, so that the first token never waits for it.
   */
  readonly reader?: PromptReader | undefined;
  /** Starts a generation; forgets the state of the previous one, keeps what was learned. No pass of a model, as the first token waits for it. */
  begin(context: GenerationContext, signal: AbortSignal): Promise<void>;
  /** Drafts below `rootToken`, the last committed token. May return the root alone. */
  draft(rootToken: number, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree>;
  /** Reports a step, also one whose tree held nothing of this drafter. */
  learn(step: VerifiedStep): void;
}

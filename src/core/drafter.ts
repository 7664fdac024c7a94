/** What a drafter is. A drafter affects speed only, never output; the loop survives one that fails or lies. */
import type { DraftSource, DraftTree } from "./draftTree.ts";
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
}

/** What a step may spend on drafting. */
export interface DraftBudget {
  /** Drafted nodes that will be verified, the root not counted. */
  readonly maxNodes: number;
  /** Draft tokens below the root that could still be used. */
  readonly maxDepth: number;
  /** Nodes that the target reaches with a smaller chance than this are not worth drafting; 0 … 1. */
  readonly minSurvival: number;
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
  /** Starts a generation; forgets the state of the previous one, keeps what was learned. */
  begin(context: GenerationContext, signal: AbortSignal): Promise<void>;
  /** Drafts below `rootToken`, the last committed token. May return the root alone. */
  draft(rootToken: number, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree>;
  /** Reports a step, also one whose tree held nothing of this drafter. */
  learn(step: VerifiedStep): void;
}

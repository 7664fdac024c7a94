/** One branch while it is decoded: its output, its drafters, and the tokens that are still to be evaluated. */

import { concatTokens, type TokenBuffer } from "../base/tokens.ts";
import type { VerifyLimits } from "../budget/draftBudget.ts";
import { DrafterPanel } from "../decode/drafterPanel.ts";
import type { DecodeObserver } from "../decode/speculativeDecode.ts";
import { logitsFrom } from "../tree/branchedTarget.ts";
import type { DecodeStats } from "../tree/decodeStats.ts";
import {
  contextAfter,
  type Drafter,
  type GenerationContext,
  type VerifiedStep,
} from "../tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder } from "../tree/draftTree.ts";
import { type FinishReason, type GenerationLimits, OutputCollector } from "../tree/generation.ts";
import { takeKnown } from "../tree/opening.ts";
import type { TargetModel, TreeLogits } from "../tree/targetModel.ts";
import { TokenChooser } from "../tree/tokenChooser.ts";
import { type AcceptedPath, committedTokens, verifyGreedy } from "../tree/verifyGreedy.ts";

/** Where a branch begins. */
export interface BranchStart {
  /** Tokens of the first suggestion that the branch shares. */
  readonly numShared: number;
  /** [>= 1] what it goes on with instead. */
  readonly tokens: Int32Array;
  /** [numShared + tokens.length] natural log-probabilities of both under the target. */
  readonly logProbs: Float64Array;
}

/** A suggestion with what the target thinks of it. */
export interface ScoredSuggestion {
  /** From the cursor on, the shared tokens included. */
  readonly tokens: Int32Array;
  /** [tokens.length] natural log-probability of each token under the target, given all before it. */
  readonly logProbs: Float64Array;
  readonly finishReason: FinishReason;
}

/** What a run needs of the decode that it is part of. */
export interface BranchSetting {
  readonly target: TargetModel;
  readonly context: GenerationContext;
  /** The suggestion that all others leave. */
  readonly firstText: TokenBuffer;
  readonly drafters: readonly Drafter[];
  readonly limits: GenerationLimits;
  readonly observer: DecodeObserver;
  readonly stats: DecodeStats;
}

/** A verified step, and the path to keep of all its rows. */
export interface BranchStep extends VerifiedStep {
  readonly rowPath: AcceptedPath;
}

export class BranchRun {
  readonly numShared: number;
  readonly #panel: DrafterPanel;
  readonly #output: OutputCollector;
  readonly #chooser: TokenChooser;
  readonly #logProbs: number[];
  /** [>= 1] tokens without cells: the last is the root, those before it are known and only need their cells. */
  #uncached: Int32Array;
  #isContextFull = false;
  #isCut = false;

  constructor(start: BranchStart, setting: BranchSetting) {
    const { target, context, firstText, drafters, limits, observer, stats } = setting;
    this.numShared = start.numShared;
    const ownTokens = concatTokens(firstText.view().subarray(0, start.numShared), start.tokens);
    const branchContext = {
      ...contextAfter(context, ownTokens),
      suffixTokens: context.suffixTokens.slice(),
    };
    const maxDraftNodes = target.maxNodes;
    const params = { target, drafters, context: branchContext, limits, maxDraftNodes, observer };
    this.#panel = new DrafterPanel(params, stats);
    this.#output = new OutputCollector(limits);
    this.#logProbs = Array.from(start.logProbs);
    this.#uncached = start.tokens.slice();
    this.#chooser = new TokenChooser(limits.constraint);
    takeKnown(ownTokens, this.#output, this.#chooser);
  }

  get isOver(): boolean {
    return this.#isContextFull || this.#isCut || this.#output.finishReason !== undefined;
  }

  /** Tokens of the output so far, the shared ones included. */
  get length(): number {
    return this.#output.length;
  }

  /** Rows it needs in the next pass, without drafts. */
  get numRows(): number {
    return this.#uncached.length;
  }

  /** Tokens below the root that could still be used: the target's own next one needs no draft. */
  get maxDepth(): number {
    return this.#output.numRemaining - 1;
  }

  get suggestion(): ScoredSuggestion {
    const tokens = this.#output.tokensFrom(0);
    return {
      tokens,
      logProbs: Float64Array.from(this.#logProbs.slice(0, tokens.length)),
      finishReason: this.#output.finishReason ?? (this.#isCut ? "maxTokens" : "contextFull"),
    };
  }

  /** The context has no room for it. */
  endFull(): void {
    this.#isContextFull = true;
  }

  /** What it has is enough. */
  cut(): void {
    this.#isCut = true;
  }

  begin(signal: AbortSignal): Promise<void> {
    return this.#panel.begin(signal);
  }

  /** What the drafters propose below the root. */
  async draft(limits: VerifyLimits, signal: AbortSignal): Promise<DraftTree> {
    const { tree } = await this.#panel.draft(this.#uncached.at(-1)!, limits, signal);
    return tree;
  }

  /** The rows of the next pass: tokens without cells, then the drafts below the last of them. */
  rowsFor(drafted: DraftTree): DraftTree {
    const offset = this.#uncached.length - 1;
    if (offset === 0) return drafted;
    const rows = new DraftTreeBuilder(this.#uncached[0]!);
    for (let i = 1; i <= offset; i++) rows.add(i - 1, this.#uncached[i]!, { score: 1, source: 0 });
    for (let node = 1; node < drafted.size; node++) {
      const { tokens, parents, scores, sources } = drafted;
      const proposal = { score: scores[node]!, source: sources[node]! };
      rows.add(parents[node]! + offset, tokens[node]!, proposal);
    }
    return rows.finish();
  }

  /**
   * Verifies the drafts greedily, takes what the target chose, and notes its log-probabilities.
   * @param rows - logits of {@link rowsFor}.
   */
  verify(drafted: DraftTree, rows: TreeLogits): BranchStep {
    const offset = this.#uncached.length - 1;
    const logits = logitsFrom(rows, offset);
    const path = verifyGreedy(drafted, (node) => {
      const row = this.#chooser.row(logits, node);
      const token = this.#chooser.choose(logits, node);
      this.#logProbs.push(row.logit(token) - row.logSumExp());
      return token;
    });
    const committed = committedTokens(drafted, path);
    for (const token of committed) this.#output.push(token, 0);
    const { bonusToken } = path;
    this.#uncached = Int32Array.of(bonusToken);
    const known = Array.from({ length: offset }, (_, index) => index + 1);
    const nodes = Int32Array.of(...known, ...path.nodes.map((node) => node + offset));
    return { tree: drafted, path, committed, logits, rowPath: { nodes, bonusToken } };
  }

  /** Hands a verified step to the drafters; its logits must still be valid. */
  learn(step: BranchStep): void {
    const plan = { tree: step.tree, expectedAccepted: undefined };
    this.#panel.learn(plan, step, step.committed.length, { evaluateMs: 0, hostMs: 0 });
  }
}

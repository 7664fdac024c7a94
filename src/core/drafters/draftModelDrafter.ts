/** The draft model: its own likely continuations, for as long as a further pass of it pays. */

import { commonPrefixLength, type Token, TokenBuffer } from "../base/tokens.ts";
import type {
  DraftBudget,
  Drafter,
  DraftMode,
  DraftWorth,
  GenerationContext,
  VerifiedStep,
} from "../tree/drafter.ts";
import { type DraftTree, ROOT, rootOnlyTree, sourceBit } from "../tree/draftTree.ts";
import { LEAST_CHANCE, MAX_DEPTH, UNPRICED_CHANCE } from "../tree/policyConstants.ts";
import { endOfPart, type PromptReader } from "../tree/promptReading.ts";
import type { TargetModel, TreeLogits } from "../tree/targetModel.ts";
import { DraftGrowth, type GrowthLimits, type TopProbs } from "./draftGrowth.ts";
import { FrontierPasses } from "./frontierPasses.ts";

export interface DraftModelSettings {
  /** Passes per step at most, and so the depth of a draft. */
  readonly maxTokens: number;
  /** Where costs are not measured, no node is looked beyond that the target reaches with a smaller chance; 0 … 1. */
  readonly minSurvival: number;
  /** Where the budget names none; a chain where this does not either. */
  readonly mode?: DraftMode;
  /** Clock in ms. Without it costs are not measured. */
  readonly now?: () => number;
}

export const DEFAULT_DRAFT_MODEL: DraftModelSettings = {
  maxTokens: MAX_DEPTH,
  minSurvival: UNPRICED_CHANCE,
};

/** Tokens of a distribution that others' drafts are judged by; the smallest of so many is next to nothing. */
const NUM_TOP = 32;
const NO_TOKENS = new Int32Array(0);

interface LastDraft {
  readonly growth: DraftGrowth;
  readonly worth: DraftWorth;
}

/**
 * Drafts with a small model that shares the target's vocabulary. Its KV cache follows the committed tokens: what the
 * target rejected is rewound before the next draft, what it accepted stays. What it lacks of its prompt is read when
 * {@link read} is called; a draft reads the rest at once.
 */
export class DraftModelDrafter implements Drafter, PromptReader {
  readonly source = "draftModel";
  readonly reader: PromptReader | undefined = this;
  readonly #model: TargetModel;
  readonly #settings: DraftModelSettings;
  readonly #isEndToken: (token: Token) => boolean;
  /** Prompt and committed output. */
  #history = new TokenBuffer();
  /** Tokens of it at the start of the cache; once that is all of them, what the cache holds beyond. */
  #numCached = 0;
  #tail: Int32Array = NO_TOKENS;
  /** The last draft, until it is known what became of it. */
  #last: LastDraft | undefined;

  /** @param isEndToken - nothing is drafted below such a token: nothing after it can be accepted. */
  constructor(
    model: TargetModel,
    settings: DraftModelSettings = DEFAULT_DRAFT_MODEL,
    isEndToken: (token: Token) => boolean = () => false,
  ) {
    this.#model = model;
    this.#settings = settings;
    this.#isEndToken = isEndToken;
  }

  async begin({ promptTokens, draftPromptTokens }: GenerationContext): Promise<void> {
    const tokens = draftPromptTokens ?? promptTokens;
    this.#history = new TokenBuffer(tokens);
    this.#numCached = this.#model.numHeld(tokens.subarray(0, -1));
    this.#tail = NO_TOKENS;
    this.#last = undefined;
  }

  get numUnread(): number {
    const numMissing = this.#history.length - 1 - this.#numCached;
    return this.#takesAlong(numMissing) ? 0 : numMissing;
  }

  async read(numTokens: number, signal: AbortSignal): Promise<void> {
    const history = this.#history.view().subarray(0, -1);
    const end = endOfPart(this.#numCached, numTokens, history.length);
    this.#tail = NO_TOKENS;
    await this.#model.prefill(history.subarray(0, end), signal);
    this.#numCached = end;
  }

  async draft(rootToken: Token, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree> {
    // Until the first token is out: a prompt of its own may end otherwise than the target's.
    if (this.#history.view().at(-1) !== rootToken) return rootOnlyTree(rootToken);
    const { now } = this.#settings;
    const limits = this.#limitsOf(budget);
    const growth = new DraftGrowth(rootToken, limits, budget.others);
    const passes = new FrontierPasses(this.#model, await this.#rewindToRoot(signal), growth.nodes);
    let deepest = -1;
    try {
      for (;;) {
        const frontier = growth.nextFrontier((nodes) => passes.numRows(nodes));
        if (frontier.length === 0) break;
        signal.throwIfAborted();
        const start = now?.() ?? 0;
        const { logits, rows, numRows } = await passes.evaluate(frontier, signal);
        for (const [index, node] of frontier.entries()) {
          growth.grow(node, topProbs(logits, rows[index]!));
        }
        if (now !== undefined) limits.worth?.pace.recordPass(numRows, now() - start);
        deepest = growth.likeliestEnd(frontier);
      }
      if (deepest !== -1) {
        passes.keep(deepest);
        this.#numCached = this.#history.length;
        this.#tail = growth.tokensTo(deepest);
      }
    } finally {
      this.#model.rewind();
    }
    if (limits.worth !== undefined) this.#last = { growth, worth: limits.worth };
    return growth.finish(sourceBit(this.source));
  }

  learn({ committed }: VerifiedStep): void {
    if (this.#last !== undefined) noteHits(this.#last, committed);
    this.#last = undefined;
    // What was kept of the last draft, and is output now, is in the cache already.
    const numKept = commonPrefixLength(this.#tail, committed);
    if (this.#numCached === this.#history.length) this.#numCached += numKept;
    this.#tail = numKept === committed.length ? this.#tail.subarray(numKept) : NO_TOKENS;
    this.#history.append(committed);
  }

  /** Drops what the target rejected. Returns the tokens before the root that the cache lacks, if they are few. */
  async #rewindToRoot(signal: AbortSignal): Promise<Int32Array> {
    const history = this.#history.view();
    const rootIndex = history.length - 1;
    const numHeld = Math.min(this.#numCached, rootIndex);
    const numMissing = rootIndex - numHeld;
    const numFilled = this.#takesAlong(numMissing) ? numHeld : rootIndex;
    this.#numCached = numHeld;
    this.#tail = NO_TOKENS;
    await this.#model.prefill(history.subarray(0, numFilled), signal);
    this.#numCached = numFilled;
    return history.slice(numFilled, rootIndex);
  }

  /** Whether the first pass of a draft takes so many along; more of them are passes of their own, as a prompt's are. */
  #takesAlong(numMissing: number): boolean {
    return numMissing < Math.min(MAX_DEPTH, this.#model.maxNodes);
  }

  #limitsOf(budget: DraftBudget): GrowthLimits {
    const { maxTokens, minSurvival, mode: defaultMode = "chain", now } = this.#settings;
    const { maxNodes, maxDepth, mode = defaultMode } = budget;
    const worth = now === undefined ? undefined : budget.worth;
    const threshold = Math.max(minSurvival, budget.minSurvival);
    // A chain's last node is worth a row only if it would be worth a pass; a sibling takes no pass.
    const isThreshold = worth === undefined && mode === "chain";
    return {
      mode,
      maxNodes,
      maxDepth,
      maxPasses: maxTokens,
      minSurvival: isThreshold ? threshold : Math.max(LEAST_CHANCE, budget.minSurvival),
      minExpandedSurvival: worth === undefined ? threshold : 0,
      worth,
      isEndToken: this.#isEndToken,
    };
  }
}

/** The draft's distribution at a row of its logits. */
function topProbs(logits: TreeLogits, row: number): TopProbs {
  const top = logits.topK(row, NUM_TOP);
  const logSum = logits.logSumExp(row);
  return { tokens: top.tokens, probs: top.logits.map((logit) => Math.exp(logit - logSum)) };
}

/** Whether the target went on inside the draft, at each node of it that it reached and that was looked beyond. */
function noteHits({ growth, worth }: LastDraft, committed: Int32Array): void {
  let reached = ROOT;
  for (const token of committed) {
    if (!growth.looked.has(reached)) return;
    const next = growth.nodes.findIndex((node) => node.parent === reached && node.token === token);
    worth.pace.recordHit(next !== -1);
    if (next === -1) return;
    reached = next;
  }
}

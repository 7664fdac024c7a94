/** The draft model: a chain of its own greedy choices, as long as it is sure of them. */
import type { DraftBudget, Drafter, GenerationContext, VerifiedStep } from "./drafter.ts";
import { type DraftTree, DraftTreeBuilder, ROOT, rootOnlyTree, sourceBit } from "./draftTree.ts";
import type { TargetModel } from "./targetModel.ts";
import { type Token, TokenBuffer } from "./tokens.ts";

/** Settings of a chain. */
export interface DraftChainSettings {
  /** Tokens drafted per step at most. */
  readonly maxTokens: number;
  /** The chain ends where the chance that all of it is accepted falls below this. */
  readonly minSurvival: number;
}

export const DEFAULT_DRAFT_CHAIN: DraftChainSettings = { maxTokens: 8, minSurvival: 0.3 };

/**
 * Drafts with a small model that shares the target's vocabulary. Its KV cache follows the committed tokens: what the
 * target rejected is rewound before the next draft, what it accepted stays.
 *
 * @see Huang et al., SpecDec++ (arXiv 2405.19715): stop when the chance of a rejection passes a threshold. Their
 *   trained head is replaced by the draft's own top-1 probability (ALGORITHMS §7.4).
 */
export class DraftModelDrafter implements Drafter {
  readonly source = "draftModel";
  readonly #model: TargetModel;
  readonly #settings: DraftChainSettings;
  readonly #isEndToken: (token: Token) => boolean;
  /** Prompt and committed output: what the draft's cache must hold, but for the root. */
  #history = new TokenBuffer();

  /** @param isEndToken - a chain ends with such a token: nothing after it can be accepted. */
  constructor(
    model: TargetModel,
    settings: DraftChainSettings = DEFAULT_DRAFT_CHAIN,
    isEndToken: (token: Token) => boolean = () => false,
  ) {
    this.#model = model;
    this.#settings = settings;
    this.#isEndToken = isEndToken;
  }

  async begin(context: GenerationContext, signal: AbortSignal): Promise<void> {
    this.#history = new TokenBuffer(context.promptTokens);
    await this.#model.prefill(context.promptTokens.subarray(0, -1), signal);
  }

  async draft(rootToken: Token, budget: DraftBudget, signal: AbortSignal): Promise<DraftTree> {
    const model = this.#model;
    // Keeps the accepted part of the last chain, drops its rejected tail, adds what only the target produced.
    await model.prefill(this.#history.view().subarray(0, -1), signal);
    const chain = new DraftTreeBuilder(rootToken);
    const numFree = model.contextSize - model.kvLength;
    const maxTokens = Math.min(this.#settings.maxTokens, budget.maxNodes, budget.maxDepth, numFree);
    const minSurvival = Math.max(this.#settings.minSurvival, budget.minSurvival);
    let node = ROOT;
    let token = rootToken;
    let survival = 1;
    try {
      while (chain.size <= maxTokens) {
        signal.throwIfAborted();
        const logits = await model.evaluateTree(rootOnlyTree(token), signal);
        token = logits.argmax(ROOT);
        const score = Math.exp(logits.logit(ROOT, token) - logits.logSumExp(ROOT));
        model.commit({ nodes: new Int32Array(0), bonusToken: token });
        survival *= score;
        if (!(survival >= minSurvival)) break;
        node = chain.add(node, token, {
          score: Math.min(1, score),
          source: sourceBit(this.source),
        });
        if (this.#isEndToken(token)) break;
      }
    } finally {
      model.rewind();
    }
    return chain.finish();
  }

  learn(step: VerifiedStep): void {
    this.#history.append(step.committed);
  }
}

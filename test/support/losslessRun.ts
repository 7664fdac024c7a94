/** Decodes spots with and without drafters and judges every difference by the lossless rule. */
import {
  findDifference,
  NEAR_TIE_GAP,
  type OutputDifference,
} from "../../src/bench/speed/losslessCheck.ts";
import type { SourceSpot } from "../../src/bench/spots/sourceSpots.ts";
import type { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import {
  DEFAULT_DRAFT_MODEL,
  DraftModelDrafter,
} from "../../src/core/drafters/draftModelDrafter.ts";
import { GhostDrafter } from "../../src/core/drafters/ghostDrafter.ts";
import { GhostStore } from "../../src/core/drafters/ghostStore.ts";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import {
  buildFimPrompt,
  fimMarkers,
  windowPrefix,
  windowSuffix,
} from "../../src/core/prompt/fimPrompt.ts";
import type { Drafter, DraftMode, GenerationContext } from "../../src/core/tree/drafter.ts";
import type { DraftSource } from "../../src/core/tree/draftTree.ts";
import type { Generation, GenerationLimits } from "../../src/core/tree/generation.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { fimTokensOf } from "../../src/llama/model/fimTokens.ts";
import type { LlamaModel } from "../../src/llama/model/llamaModel.ts";
import { TEST_GPU } from "./models.ts";
import { NEVER } from "./never.ts";

/** Every set of drafters, the empty one included. */
export const DRAFTER_SETS: readonly (readonly DraftSource[])[] = Array.from(
  { length: 8 },
  (_, bits) =>
    (["recycling", "suffixMatch", "draftModel"] as const).filter((_source, d) => bits & (1 << d)),
);
const KIND = TEST_GPU === "off" ? "cpu" : "gpu";
export const MAX_GAP = NEAR_TIE_GAP[KIND];
/** Near ties per emitted token of the tiny pair. GPU kernels are not batch-invariant: measured 2.2 per 1,000 on lavapipe. */
export const MAX_RATE = { cpu: 1 / 1000, gpu: 5 / 1000 }[KIND];

const PROMPT_TOKENS = 384;
const DOCUMENT = "document";
const observer = {
  now: () => performance.now(),
  onDrafterFailure(drafter: Drafter, reason: string) {
    throw new Error(`${drafter.source} failed: ${reason}`);
  },
};

/** What the outcome of a run is judged by. */
export interface LosslessTally {
  numTokens: number;
  numSteps: number;
  numAccepted: number;
  readonly nearTies: OutputDifference[];
  readonly failures: string[];
}

export function newTally(): LosslessTally {
  return { numTokens: 0, numSteps: 0, numAccepted: 0, nearTies: [], failures: [] };
}

/** One opened target with the prompts' plain outputs, decoded once. */
export class LosslessBench {
  readonly model: LlamaModel;
  readonly target: TargetModel;
  readonly isEndToken: (token: number) => boolean;
  readonly #maxGap: number;
  readonly #limits: GenerationLimits;
  readonly #store: RecyclingStore;
  readonly #ghosts: GhostStore;

  /** @param maxGap - between the two best logits of a tie. */
  constructor(model: LlamaModel, target: TargetModel, maxTokens: number, maxGap: number = MAX_GAP) {
    this.#maxGap = maxGap;
    this.model = model;
    this.target = target;
    const markers = fimMarkers(fimTokensOf(model));
    this.isEndToken = (token) => markers.has(token) || model.vocabulary.isEndToken(token);
    this.#limits = { maxTokens, isEndToken: this.isEndToken };
    this.#store = new RecyclingStore(target.vocabSize);
    this.#ghosts = new GhostStore((token) => model.vocabulary.pieceBytes(token));
  }

  prompt(spot: SourceSpot, numTokens = PROMPT_TOKENS): GenerationContext {
    const { vocabulary } = this.model;
    const parts = {
      prefixTokens: vocabulary.tokenize(windowPrefix(spot.prefixText, numTokens)),
      suffixTokens: vocabulary.tokenize(windowSuffix(spot.suffixText, numTokens)),
      headerTokens: new Int32Array(0),
    };
    return buildFimPrompt(fimTokensOf(this.model), parts, numTokens);
  }

  /** The output that is right; also what a ghost drafter then knows of the document, with a wrong token in its middle. */
  async plain(context: GenerationContext): Promise<Generation> {
    const { promptTokens, prefixTokens } = context;
    const plain = await greedyDecode(this.target, promptTokens, this.#limits, observer, NEVER);
    const suggestion = plain.tokens.slice();
    suggestion[suggestion.length >> 1] = promptTokens[0]!;
    this.#ghosts.remember(DOCUMENT, prefixTokens, suggestion);
    return plain;
  }

  /**
   * One speculative generation, compared with plain's. Every other one has its retrieved drafts pruned. Where no policy
   * decides, a draft model drafts from the first step on: as much as possible is to be verified.
   * @param budget - nodes verified per pass, or what decides of how many.
   * @param decodeWith - the target the loop drives; a mutant in the mutant suite, else the judge itself.
   */
  async compare(
    context: GenerationContext,
    plain: Generation,
    drafters: readonly Drafter[],
    budget: number | MeasuredPolicy,
    tally: LosslessTally,
    decodeWith: TargetModel = this.target,
  ): Promise<void> {
    const nodes =
      typeof budget === "number"
        ? { maxDraftNodes: budget }
        : { maxDraftNodes: 63, policy: budget };
    const speculative = await speculativeDecode(
      {
        ...{ target: decodeWith, context, limits: this.#limits, ...nodes, observer },
        drafters: typeof budget === "number" ? drafters.map(readAhead) : drafters,
      },
      NEVER,
    );
    tally.numTokens += speculative.tokens.length;
    tally.numSteps += speculative.stats.numSteps;
    tally.numAccepted += speculative.stats.numAcceptedTokens;
    const difference = await findDifference(
      { target: this.target, maxGap: this.#maxGap, isEndToken: this.isEndToken },
      context.promptTokens,
      plain.tokens,
      speculative.tokens,
      NEVER,
    );
    if (difference === undefined) return;
    if (difference.isNearTie) tally.nearTies.push(difference);
    else tally.failures.push(this.describe(difference));
  }

  /** Both tokens and logits of a difference, in words. */
  describe(difference: OutputDifference): string {
    const { index, plainToken, otherToken, plainLogit, otherLogit, gap } = difference;
    const piece = (token: number) =>
      token === -1 ? "(end)" : JSON.stringify(this.model.vocabulary.detokenize([token]));
    return (
      `token ${index}: plain ${piece(plainToken)} ${plainLogit.toFixed(4)}, ` +
      `speculative ${piece(otherToken)} ${otherLogit.toFixed(4)}, top-2 gap ${gap.toFixed(4)}`
    );
  }

  /** @param mode - of the draft model, where no policy chooses one. */
  drafters(
    sources: readonly DraftSource[],
    draftModel: TargetModel,
    mode: DraftMode = "chain",
  ): Drafter[] {
    const settings = { ...DEFAULT_DRAFT_MODEL, mode, now: observer.now };
    const drafterOf = {
      recycling: () => new RecyclingDrafter(this.#store),
      suffixMatch: () => new SuffixDrafter(),
      ghost: () => {
        const drafter = new GhostDrafter(this.#ghosts);
        drafter.moveTo(DOCUMENT);
        return drafter;
      },
      draftModel: () => new DraftModelDrafter(draftModel, settings, this.isEndToken),
      // There is no workspace here: one more draft model brings what others may.
      workspace: () => new DraftModelDrafter(draftModel, settings, this.isEndToken),
    } satisfies Record<DraftSource, () => Drafter>;
    return sources.map((source) => drafterOf[source]());
  }
}

/** The same drafter, which reads its prompt when it begins and so has nothing to read later. */
function readAhead(drafter: Drafter): Drafter {
  const { source, reader, learnsWhilePaused = false } = drafter;
  if (reader === undefined) return drafter;
  return {
    source,
    learnsWhilePaused,
    async begin(context, signal) {
      await drafter.begin(context, signal);
      while (reader.numUnread > 0) await reader.read(reader.numUnread, signal);
    },
    draft: (rootToken, budget, signal) => drafter.draft(rootToken, budget, signal),
    learn: (step) => drafter.learn(step),
  };
}

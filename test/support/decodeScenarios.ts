/** Arbitrary generations on fake targets, decoded plainly and speculatively. */
import fc from "fast-check";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { type DecodeObserver, speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import {
  DEFAULT_DRAFT_MODEL,
  DraftModelDrafter,
} from "../../src/core/drafters/draftModelDrafter.ts";
import { GhostDrafter } from "../../src/core/drafters/ghostDrafter.ts";
import { GhostStore } from "../../src/core/drafters/ghostStore.ts";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import type { Drafter, DraftMode, GenerationContext } from "../../src/core/tree/drafter.ts";
import type { Generation, GenerationLimits } from "../../src/core/tree/generation.ts";
import type { Opening } from "../../src/core/tree/opening.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { arbitraryHostilePlan, HostileDrafter, type HostilePlan } from "../fakes/hostileDrafter.ts";
import { arbitraryForbidden, type Forbidden, maskOf } from "./masks.ts";
import { NEVER } from "./never.ts";

/** A real drafter by name ("wrongModel": a draft model that disagrees with the target), or a hostile one. */
export type DrafterPlan =
  | "recycling"
  | "suffixMatch"
  | "ghost"
  | "draftModel"
  | "draftTree"
  | "wrongModel"
  | HostilePlan;

export interface Scenario {
  readonly vocabSize: number;
  readonly order: number;
  readonly seed: number;
  readonly prompt: readonly number[];
  readonly drafters: readonly DrafterPlan[];
  readonly maxDraftNodes: number;
  /** ms of a pass by its rows, less one, for a measured policy; none without. */
  readonly passMs: readonly number[] | undefined;
  readonly maxTokens: number;
  readonly maxBranches: number;
  /** Context positions beyond the prompt. */
  readonly numFree: number;
  readonly endTokens: readonly number[];
  /** Ends the output at the n-th occurrence of a token. */
  readonly stopAt: { readonly token: number; readonly count: number } | undefined;
  /** Tokens that may not come at an output position, over and over; absent: anything may. */
  readonly forbidden?: Forbidden | undefined;
  /** Output tokens that are known; absent: none. */
  readonly opening?: readonly number[] | undefined;
}

export function arbitraryScenario(): fc.Arbitrary<Scenario> {
  return fc.integer({ min: 3, max: 12 }).chain((vocabSize) => {
    const token = fc.nat(vocabSize - 1);
    return fc.record({
      vocabSize: fc.constant(vocabSize),
      order: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
      prompt: fc.array(token, { minLength: 1, maxLength: 16, size: "max" }),
      drafters: fc.array(
        fc.oneof(
          { weight: 3, arbitrary: arbitraryHostilePlan(vocabSize) },
          fc.constantFrom<DrafterPlan[]>(
            "recycling",
            "suffixMatch",
            "ghost",
            "draftModel",
            "draftTree",
            "wrongModel",
          ),
        ),
        { maxLength: 4 },
      ),
      maxDraftNodes: fc.nat(20),
      passMs: fc.option(
        fc.array(fc.double({ min: 1e-3, max: 50, noNaN: true }), { minLength: 1 }),
        {
          nil: undefined,
        },
      ),
      maxTokens: fc.integer({ min: 1, max: 30 }),
      maxBranches: fc.integer({ min: 1, max: 8 }),
      numFree: fc.oneof(fc.constant(4096), fc.nat(24)),
      endTokens: fc.oneof(fc.constant([]), fc.array(token, { maxLength: 2 })),
      stopAt: fc.option(fc.record({ token, count: fc.integer({ min: 1, max: 4 }) }), {
        nil: undefined,
      }),
      forbidden: arbitraryForbidden(vocabSize),
      opening: fc.option(fc.array(token, { minLength: 1, maxLength: 4 }), { nil: undefined }),
    });
  });
}

export function openFake(scenario: Scenario, seed = scenario.seed): FakeTarget {
  const { vocabSize, order, maxBranches, prompt, opening = [], numFree } = scenario;
  const logitsOf = hashedLogits(vocabSize, order, seed);
  const contextSize = prompt.length + opening.length + numFree;
  return new FakeTarget({ vocabSize, logitsOf, maxBranches, contextSize });
}

export function openDrafters(scenario: Scenario): Drafter[] {
  return scenario.drafters.map((plan): Drafter => {
    if (plan === "recycling") return new RecyclingDrafter(new RecyclingStore(scenario.vocabSize));
    if (plan === "suffixMatch") return new SuffixDrafter();
    if (plan === "ghost") return ghostOf(scenario);
    if (plan === "draftModel") return draftModel(openFake(scenario));
    if (plan === "draftTree") return draftModel(openFake(scenario), "tree");
    if (plan === "wrongModel") return draftModel(openFake(scenario, scenario.seed + 1), "tree");
    return new HostileDrafter(plan);
  });
}

/** Its passes take no time by {@link CLOCK}. A measured policy chooses the mode itself. */
function draftModel(model: FakeTarget, mode: DraftMode = "chain"): DraftModelDrafter {
  return new DraftModelDrafter(model, { ...DEFAULT_DRAFT_MODEL, mode, now: CLOCK.now });
}

/** Earlier suggestions in the same document: the target's own tokens, in the middle of them a wrong one. */
function ghostOf({ vocabSize, order, seed, prompt }: Scenario): GhostDrafter {
  const store = new GhostStore((token) => Uint8Array.of(token));
  const logitsOf = hashedLogits(vocabSize, order, seed);
  const text = [...prompt];
  for (let i = 0; i < 20; i++) {
    const logits = logitsOf(text);
    const best = logits.indexOf(Math.max(...logits));
    text.push(i === 8 ? (best + 1) % vocabSize : best);
  }
  const { prefixTokens } = contextOf(prompt);
  const suggestion = Int32Array.from(text.slice(prompt.length));
  store.remember("document", prefixTokens, suggestion);
  store.remember("document", prefixTokens, suggestion.slice().reverse());
  const drafter = new GhostDrafter(store);
  drafter.moveTo("document");
  return drafter;
}

/** The prompt's first half as prefix, the rest as suffix; arrays of their own, as hostile drafters write into them. */
export function contextOf(prompt: readonly number[]): GenerationContext {
  const half = Math.ceil(prompt.length / 2);
  return {
    promptTokens: Int32Array.from(prompt),
    prefixTokens: Int32Array.from(prompt.slice(0, half)),
    suffixTokens: Int32Array.from(prompt.slice(half)),
  };
}

export function limitsOf(scenario: Scenario): GenerationLimits {
  const { maxTokens, endTokens, stopAt, forbidden, vocabSize } = scenario;
  const isEndToken = (token: number) => endTokens.includes(token);
  const limits = { maxTokens, isEndToken, constraint: maskOf(forbidden, vocabSize) };
  if (stopAt === undefined) return limits;
  let numSeen = 0;
  const push = (token: number) => token === stopAt.token && ++numSeen === stopAt.count;
  return { ...limits, stopRule: { push } };
}

/** A policy that has measured what the scenario says; passes take no time by {@link CLOCK}. */
function policyOf({ passMs }: Scenario): { policy?: MeasuredPolicy } {
  if (passMs === undefined) return {};
  const points = passMs.map((ms, index) => ({ numRows: index + 1, ms }));
  return { policy: new MeasuredPolicy(new PassCostTable(points, 64)) };
}

export function openingOf({ opening }: Pick<Scenario, "opening">): Opening | undefined {
  if (opening === undefined) return undefined;
  const tokens = Int32Array.from(opening);
  const logProbs = new Float64Array(tokens.length).fill(-1);
  return { tokens, logProbs, newText: "", alternatives: [] };
}

export const CLOCK: DecodeObserver = { now: () => 0 };

export function decodePlain(scenario: Scenario): Promise<Generation> {
  const prompt = Int32Array.from(scenario.prompt);
  const limits = limitsOf(scenario);
  return greedyDecode(openFake(scenario), prompt, limits, CLOCK, NEVER, openingOf(scenario));
}

export function decodeSpeculatively(
  scenario: Scenario,
  options: {
    target?: TargetModel;
    drafters?: readonly Drafter[];
    observer?: DecodeObserver;
    signal?: AbortSignal;
  } = {},
): Promise<Generation> {
  return speculativeDecode(
    {
      target: options.target ?? openFake(scenario),
      drafters: options.drafters ?? openDrafters(scenario),
      context: contextOf(scenario.prompt),
      opening: openingOf(scenario),
      limits: limitsOf(scenario),
      maxDraftNodes: scenario.maxDraftNodes,
      ...policyOf(scenario),
      observer: options.observer ?? CLOCK,
    },
    options.signal ?? NEVER,
  );
}

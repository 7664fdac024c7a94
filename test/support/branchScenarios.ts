/** Arbitrary branches on fake targets, decoded side by side and alone. */
import fc from "fast-check";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import type { BranchStart, ScoredSuggestion } from "../../src/core/suggestions/branchRun.ts";
import {
  type BranchDecodeParams,
  decodeBranches,
} from "../../src/core/suggestions/decodeBranches.ts";
import { type GenerationLimits, OutputCollector } from "../../src/core/tree/generation.ts";
import { constraintAfter } from "../../src/core/tree/tokenConstraint.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import {
  arbitraryScenario,
  CLOCK,
  contextOf,
  limitsOf,
  openDrafters,
  openFake,
  type Scenario,
} from "./decodeScenarios.ts";
import { NEVER } from "./never.ts";

/** A first suggestion, and how others leave it. */
export interface BranchScenario extends Scenario {
  readonly first: readonly number[];
  readonly starts: readonly { readonly numShared: number; readonly tokens: readonly number[] }[];
}

export function arbitraryBranchScenario(): fc.Arbitrary<BranchScenario> {
  return arbitraryScenario().chain((scenario) => {
    const token = fc.nat(scenario.vocabSize - 1);
    const start = fc.record({
      numShared: fc.nat(6),
      tokens: fc.array(token, { minLength: 1, maxLength: 4 }),
    });
    return fc
      .record({
        first: fc.array(token, { maxLength: 6 }),
        starts: fc.array(start, { minLength: 1, maxLength: 4 }),
        maxBranches: fc.integer({ min: 5, max: 16 }),
      })
      .map(({ first, starts, maxBranches }) => ({
        ...scenario,
        first,
        maxBranches,
        starts: starts.map(({ numShared, tokens }) => ({
          numShared: Math.min(numShared, first.length),
          tokens,
        })),
      }));
  });
}

export function openBranchedFake(scenario: BranchScenario): FakeBranchedTarget {
  const { vocabSize, order, seed, maxBranches, prompt, first, numFree } = scenario;
  return new FakeBranchedTarget({
    vocabSize,
    maxBranches,
    logitsOf: hashedLogits(vocabSize, order, seed),
    contextSize: prompt.length + first.length + numFree,
  });
}

export function startsOf({ starts }: BranchScenario): BranchStart[] {
  return starts.map(({ numShared, tokens }) => ({
    numShared,
    tokens: Int32Array.from(tokens),
    logProbs: new Float64Array(numShared + tokens.length).fill(-1),
  }));
}

export function decodeScenario(
  scenario: BranchScenario,
  options: Partial<BranchDecodeParams> = {},
  signal = NEVER,
) {
  return decodeBranches(
    {
      target: openBranchedFake(scenario),
      context: contextOf(scenario.prompt),
      firstTokens: Int32Array.from(scenario.first),
      starts: startsOf(scenario),
      newLimits: () => limitsOf(scenario),
      draftersOf: () => openDrafters(scenario),
      maxDraftNodes: scenario.maxDraftNodes,
      ...passCostOf(scenario),
      observer: CLOCK,
      ...options,
    },
    signal,
  );
}

function passCostOf({ passMs }: BranchScenario): Pick<BranchDecodeParams, "passMs"> {
  if (passMs === undefined) return {};
  const points = passMs.map((ms, index) => ({ numRows: index + 1, ms }));
  const table = new PassCostTable(points, 64);
  return { passMs: (numRows) => table.ms(numRows) };
}

/** What greedy decoding gives after the same tokens, alone and with all the room it wants. */
export async function decodeAlone(
  scenario: BranchScenario,
  index: number,
): Promise<Pick<ScoredSuggestion, "tokens" | "finishReason">> {
  const { numShared, tokens } = scenario.starts[index]!;
  const own = [...scenario.first.slice(0, numShared), ...tokens];
  const limits: GenerationLimits = limitsOf(scenario);
  const known = new OutputCollector(limits);
  for (const token of own) known.push(token, 0);
  const kept = known.tokensFrom(0);
  if (known.finishReason !== undefined) return { tokens: kept, finishReason: known.finishReason };
  const target = openFake({ ...scenario, numFree: 4096 });
  const prompt = Int32Array.from([...scenario.prompt, ...own]);
  const rest = {
    ...limits,
    maxTokens: limits.maxTokens - kept.length,
    constraint: constraintAfter(limits.constraint, own),
  };
  const generation = await greedyDecode(target, prompt, rest, CLOCK, NEVER);
  return {
    tokens: Int32Array.of(...kept, ...generation.tokens),
    finishReason: generation.finishReason,
  };
}

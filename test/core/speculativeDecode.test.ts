import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { meanAcceptanceLength } from "../../src/core/tree/decodeStats.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import { checkDraftTree, DRAFT_SOURCES, type DraftTree } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { HostileDrafter, spoil } from "../fakes/hostileDrafter.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import {
  arbitraryScenario,
  CLOCK,
  decodePlain,
  decodeSpeculatively,
  openDrafters,
  openFake,
  type Scenario,
} from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { treeOf } from "../support/trees.ts";

/** A generation that nothing ends early, with every real drafter. */
const PLAIN_SCENARIO: Scenario = {
  vocabSize: 7,
  order: 1,
  seed: 5,
  prompt: [1, 2, 3, 4, 5, 6, 0, 1, 2],
  drafters: ["recycling", "suffixMatch", "draftModel"],
  maxDraftNodes: 12,
  passMs: undefined,
  maxTokens: 20,
  maxBranches: 8,
  numFree: 4096,
  endTokens: [],
  stopAt: undefined,
};

/** A drafter of one fixed behavior. */
function drafterOf(behavior: Partial<Drafter>): Drafter {
  return {
    source: "recycling",
    async begin() {},
    draft: async (rootToken) => treeOf(rootToken, [[0, 1]]),
    learn() {},
    ...behavior,
  };
}

describe("speculativeDecode", () => {
  test("the output is greedy decoding's, whatever the drafters do", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const plain = await decodePlain(scenario);
        const speculative = await decodeSpeculatively(scenario);
        expect(Array.from(speculative.tokens)).toEqual(Array.from(plain.tokens));
        expect(speculative.finishReason).toBe(plain.finishReason);
        expect(speculative.tokenSources.length).toBe(speculative.tokens.length);
      }),
      { numRuns: 5 * NUM_RUNS },
    );
  });

  test("what is verified is a valid tree that the target can take", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const onStep = (tree: DraftTree, committed: Int32Array) => {
          expect(checkDraftTree(tree)).toBeUndefined();
          expect(tree.size - 1).toBeLessThanOrEqual(scenario.maxDraftNodes);
          expect(layOutTree(tree).numBranches).toBeLessThanOrEqual(scenario.maxBranches);
          expect(Math.max(...tree.depths)).toBeLessThan(scenario.maxTokens);
          expect(committed.length).toBeGreaterThan(0);
        };
        await decodeSpeculatively(scenario, { observer: { ...CLOCK, onStep } });
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("the observer sees every output token once, in order", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const seen: number[] = [];
        const onTokens = (tokens: Int32Array) => seen.push(...tokens);
        const { tokens } = await decodeSpeculatively(scenario, {
          observer: { ...CLOCK, onTokens },
        });
        expect(seen).toEqual(Array.from(tokens));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("the counters agree with each other and with the output", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const { stats, tokens, tokenSources } = await decodeSpeculatively(scenario);
        const { numSteps, numAcceptedTokens, numDraftTokens, acceptedPerStep } = stats;
        const { prompt, opening = [] } = scenario;
        expect(stats.numPromptTokens).toBe(prompt.length + opening.length);
        const numDecoded = tokens.length - opening.length;
        expect(numAcceptedTokens + numSteps).toBeGreaterThanOrEqual(numDecoded);
        expect(stats.numCommittedTokens).toBeGreaterThanOrEqual(numDecoded);
        expect(sum(acceptedPerStep)).toBe(numSteps);
        expect(sum(acceptedPerStep.map((count, accepted) => count * accepted))).toBe(
          numAcceptedTokens,
        );
        expect(numAcceptedTokens).toBeLessThanOrEqual(numDraftTokens);
        for (const source of DRAFT_SOURCES) {
          const { numVerified, numAccepted } = stats.bySource[source];
          expect(numVerified).toBeGreaterThanOrEqual(numAccepted);
          expect(numDraftTokens).toBeGreaterThanOrEqual(numVerified);
        }
        const numDrafted = tokenSources.filter((bits) => bits !== 0).length;
        expect(numDrafted).toBeLessThanOrEqual(numAcceptedTokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("the cache holds the prompt and the output, all but the last root", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const unlimited = { ...scenario, endTokens: [], stopAt: undefined, maxTokens: 60 };
        const longest = await decodePlain(unlimited);
        const target = openFake(scenario);
        await decodeSpeculatively(scenario, { target });
        const history = [...scenario.prompt, ...longest.tokens];
        expect(target.rows).toEqual(history.slice(0, target.kvLength));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("good drafts save passes", async () => {
    const target = openFake(PLAIN_SCENARIO);
    const { stats, tokens, tokenSources } = await decodeSpeculatively(PLAIN_SCENARIO, { target });
    expect(tokens.length).toBe(20);
    expect(target.numPasses).toBe(stats.numSteps);
    expect(meanAcceptanceLength(stats)).toBeGreaterThan(2);
    expect(tokenSources.some((bits) => bits !== 0)).toBe(true);
  });

  test("a cancel at any look at the signal leaves a prefix of prompt and output, and the next request is right", async () => {
    const plain = await decodePlain(PLAIN_SCENARIO);
    const history = [...PLAIN_SCENARIO.prompt, ...plain.tokens];
    const target = openFake(PLAIN_SCENARIO);
    const drafters = openDrafters(PLAIN_SCENARIO);
    let numAborts = 0;
    for (let n = 1; ; n++) {
      const { signal, wasReached } = countdownSignal(n);
      const outcome = await decodeSpeculatively(PLAIN_SCENARIO, { target, drafters, signal }).catch(
        (error: unknown) => error,
      );
      expect(target.rows).toEqual(history.slice(0, target.kvLength));
      // The same target and drafters serve the next request, and the one after a cancel that came too late.
      const next = await decodeSpeculatively(PLAIN_SCENARIO, { target, drafters });
      expect(Array.from(next.tokens)).toEqual(Array.from(plain.tokens));
      await target.prefill(new Int32Array(0), NEVER);
      if (!wasReached()) break;
      expect(outcome).toHaveProperty("name", "AbortError");
      numAborts++;
    }
    expect(numAborts).toBeGreaterThan(20);
  });

  test("a cancelled drafter is not reported as failed", async () => {
    const controller = new AbortController();
    const failures: string[] = [];
    const drafter = drafterOf({
      async draft(_rootToken, _budget, signal) {
        controller.abort();
        signal.throwIfAborted();
        throw new Error("unreachable");
      },
    });
    const observer = {
      ...CLOCK,
      onDrafterFailure: (_: Drafter, reason: string) => failures.push(reason),
    };
    const decoding = decodeSpeculatively(PLAIN_SCENARIO, {
      drafters: [drafter],
      observer,
      signal: controller.signal,
    });
    await expect(decoding).rejects.toHaveProperty("name", "AbortError");
    expect(failures).toEqual([]);
  });

  test("a drafter that fails is reported once and sits out the rest of the generation", async () => {
    for (const verb of ["begin", "draft", "learn"] as const) {
      let numCalls = 0;
      const fail = () => {
        numCalls++;
        throw new DOMException("nobody aborted", "AbortError");
      };
      const drafter = drafterOf({ [verb]: fail });
      const failures: Drafter[] = [];
      const onDrafterFailure = (failed: Drafter) => failures.push(failed);
      const { tokens } = await decodeSpeculatively(PLAIN_SCENARIO, {
        drafters: [drafter],
        observer: { ...CLOCK, onDrafterFailure },
      });
      expect(tokens.length).toBe(20);
      expect(numCalls).toBe(1);
      expect(failures).toEqual([drafter]);
    }
  });

  test("a tree that is changed after it was checked does no harm", async () => {
    const shared = treeOf(0, [
      [0, 1],
      [1, 2],
      [0, 3],
    ]);
    const careless = drafterOf({ draft: async () => shared });
    const spoiler = drafterOf({
      source: "suffixMatch",
      async draft(rootToken) {
        spoil(shared);
        return treeOf(rootToken, [[0, 2]]);
      },
    });
    const plain = await decodePlain(PLAIN_SCENARIO);
    const { tokens } = await decodeSpeculatively(PLAIN_SCENARIO, { drafters: [careless, spoiler] });
    expect(Array.from(tokens)).toEqual(Array.from(plain.tokens));
  });

  test("two drafters that give the same node a vanishing score do no harm", async () => {
    const timid = () =>
      drafterOf({ draft: async (rootToken) => treeOf(rootToken, [[0, 1, 1e-20]]) });
    const plain = await decodePlain(PLAIN_SCENARIO);
    const { tokens } = await decodeSpeculatively(PLAIN_SCENARIO, { drafters: [timid(), timid()] });
    expect(Array.from(tokens)).toEqual(Array.from(plain.tokens));
  });

  test("a full context ends the output, at the same token as plain decoding", async () => {
    for (let numFree = -1; numFree < 12; numFree++) {
      const scenario = { ...PLAIN_SCENARIO, numFree };
      const plain = await decodePlain(scenario);
      const speculative = await decodeSpeculatively(scenario);
      expect(speculative.finishReason).toBe("contextFull");
      expect(speculative.tokens.length).toBe(numFree + 1);
      expect(Array.from(speculative.tokens)).toEqual(Array.from(plain.tokens));
    }
  });

  test("a prompt longer than the context is refused", async () => {
    const decoding = decodeSpeculatively({ ...PLAIN_SCENARIO, numFree: -2 });
    await expect(decoding).rejects.toHaveProperty("code", "contextFull");
  });

  test("an empty prompt and a limit of no tokens are RangeErrors", async () => {
    await expect(decodeSpeculatively({ ...PLAIN_SCENARIO, prompt: [] })).rejects.toThrow(
      RangeError,
    );
    await expect(decodePlain({ ...PLAIN_SCENARIO, prompt: [] })).rejects.toThrow(RangeError);
    await expect(decodeSpeculatively({ ...PLAIN_SCENARIO, maxTokens: 0 })).rejects.toThrow(
      RangeError,
    );
  });

  test("nothing is asked of the drafters where nothing can be verified", async () => {
    let numDrafts = 0;
    const draft: Drafter["draft"] = async (rootToken) => {
      numDrafts++;
      return treeOf(rootToken, []);
    };
    const drafters = [drafterOf({ draft })];
    await decodeSpeculatively({ ...PLAIN_SCENARIO, maxDraftNodes: 0 }, { drafters });
    await decodeSpeculatively({ ...PLAIN_SCENARIO, maxTokens: 1 }, { drafters });
    expect(numDrafts).toBe(0);
  });

  test("a hostile plan does act: it is what the property stands on", async () => {
    const tree = treeOf(0, [[0, 1]]);
    const plan = {
      source: "recycling",
      turns: ["validTree", "cycle"],
      trees: [tree],
      failsIn: "nothing",
      mutatesArguments: true,
      spoilsAfter: 0,
    } as const;
    const drafter = new HostileDrafter(plan);
    const budget = { maxNodes: 1, maxDepth: 1, minSurvival: 0 };
    await drafter.draft(0, budget);
    expect(budget.maxNodes).toBe(1e9);
    const broken = await drafter.draft(0, budget);
    expect(checkDraftTree(broken)).toBeDefined();
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DraftPace } from "../../src/core/budget/draftPace.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { DraftModelDrafter } from "../../src/core/drafters/draftModelDrafter.ts";
import { DRAFT_MODES } from "../../src/core/tree/drafter.ts";
import { checkDraftTree, type DraftTree, sourceBit } from "../../src/core/tree/draftTree.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { CLOCK, contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { pathTokens } from "../support/trees.ts";

const VOCAB_SIZE = 7;
const BUDGET = { maxNodes: 16, maxDepth: 16, minSurvival: 0 };
const NO_STOP = { maxTokens: 8, minSurvival: 0 };

const openModel = (seed = 1, contextSize = 4096) =>
  new FakeTarget({
    vocabSize: VOCAB_SIZE,
    logitsOf: hashedLogits(VOCAB_SIZE, 2, seed),
    contextSize,
  });
const chainOf = (tree: DraftTree) => pathTokens(tree, tree.size - 1);
const learn = (drafter: DraftModelDrafter, committed: readonly number[]) =>
  drafter.learn({ committed: Int32Array.from(committed) } as never);

const token = fc.nat(VOCAB_SIZE - 1);
const arbitraryPrompt = fc.array(token, { minLength: 1, maxLength: 10 });

describe("DraftModelDrafter", () => {
  test("its cache follows what the target committed, whatever that is", async () => {
    const arbitrarySteps = fc.array(fc.array(token, { minLength: 1, maxLength: 6 }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(arbitraryPrompt, arbitrarySteps, async (prompt, steps) => {
        const model = openModel();
        const drafter = new DraftModelDrafter(model, NO_STOP);
        await drafter.begin(contextOf(prompt));
        const history = [...prompt];
        expect(model.rows).toEqual([]);
        for (const committed of [...steps, []]) {
          const tree = await drafter.draft(history.at(-1)!, BUDGET, NEVER);
          // The chain's last token was chosen, but is no input yet.
          expect(model.rows).toEqual([...history, ...chainOf(tree).slice(0, -1)]);
          learn(drafter, committed);
          history.push(...committed);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts the model's own greedy choices as one chain, within every limit", async () => {
    const arbitraryLimit = fc.nat(10);
    await fc.assert(
      fc.asyncProperty(
        arbitraryPrompt,
        arbitraryLimit,
        arbitraryLimit,
        arbitraryLimit,
        async (prompt, maxNodes, maxDepth, maxTokens) => {
          const drafter = new DraftModelDrafter(openModel(), { maxTokens, minSurvival: 0 });
          await drafter.begin(contextOf(prompt));
          const tree = await drafter.draft(
            prompt.at(-1)!,
            { maxNodes, maxDepth, minSurvival: 0 },
            NEVER,
          );
          expect(checkDraftTree(tree)).toBeUndefined();
          expect(tree.size - 1).toBe(Math.min(maxNodes, maxDepth, maxTokens));
          expect(Math.max(...tree.depths)).toBe(tree.size - 1);
          const history = [...prompt];
          for (const drafted of chainOf(tree)) {
            const logits = hashedLogits(VOCAB_SIZE, 2)(history);
            expect(drafted).toBe(logits.indexOf(Math.max(...logits)));
            history.push(drafted);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("scores are the model's own probabilities", async () => {
    const drafter = new DraftModelDrafter(openModel(), NO_STOP);
    await drafter.begin(contextOf([1, 2]));
    const tree = await drafter.draft(2, BUDGET, NEVER);
    const logits = hashedLogits(VOCAB_SIZE, 2)([1, 2]);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    expect(tree.scores[1]).toBeCloseTo(Math.exp(Math.max(...logits)) / sum, 5);
    expect(tree.sources[1]).toBe(sourceBit("draftModel"));
  });

  test("a higher threshold ends the same chain no later, and the chain's survival stays above it", async () => {
    const threshold = fc.float({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(arbitraryPrompt, threshold, threshold, async (prompt, a, b) => {
        const chain = async (minSurvival: number) => {
          const drafter = new DraftModelDrafter(openModel(), { maxTokens: 8, minSurvival });
          await drafter.begin(contextOf(prompt));
          const tree = await drafter.draft(prompt.at(-1)!, BUDGET, NEVER);
          const survival = tree.scores.reduce((product, score) => product * score, 1);
          if (tree.size > 1) expect(survival).toBeGreaterThanOrEqual(minSurvival - 1e-5);
          return chainOf(tree);
        };
        const patient = await chain(Math.min(a, b));
        const hasty = await chain(Math.max(a, b));
        expect(patient.slice(0, hasty.length)).toEqual(hasty);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a draft model that is the target is accepted to the last token", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPrompt, fc.nat(), async (prompt, seed) => {
        const { stats } = await speculativeDecode(
          {
            target: openModel(seed),
            drafters: [new DraftModelDrafter(openModel(seed), NO_STOP)],
            context: contextOf(prompt),
            limits: { maxTokens: 28, isEndToken: () => false },
            maxDraftNodes: 8,
            observer: CLOCK,
          },
          NEVER,
        );
        // Nothing of it in the first step, which does not wait for it.
        expect(stats.acceptedPerStep).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 3]);
        expect(stats.numAcceptedTokens).toBe(stats.numDraftTokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts as far as its own context reaches", async () => {
    const prompt = [1, 2, 3, 4];
    for (let numFree = 0; numFree < 6; numFree++) {
      const drafter = new DraftModelDrafter(openModel(1, prompt.length - 1 + numFree), NO_STOP);
      await drafter.begin(contextOf(prompt));
      expect((await drafter.draft(4, BUDGET, NEVER)).size - 1).toBe(numFree);
    }
  });

  test.each(DRAFT_MODES)(
    "%s: a cancel at any look at the signal leaves a cache that the next draft repairs",
    async (mode) => {
      const prompt = [1, 2, 3, 4, 5, 6, 0, 1];
      const model = openModel();
      const drafter = new DraftModelDrafter(model, { ...NO_STOP, mode });
      await drafter.begin(contextOf(prompt));
      const expected = chainOf(await drafter.draft(1, BUDGET, NEVER));
      for (let n = 1; ; n++) {
        const { signal, wasReached } = countdownSignal(n);
        const run = async () => {
          await drafter.begin(contextOf([...prompt.slice(0, 4), 0]));
          await drafter.draft(0, BUDGET, signal);
          await drafter.begin(contextOf(prompt));
          await drafter.draft(1, BUDGET, signal);
        };
        const error: unknown = await run().catch((reason: unknown) => reason);
        if (!wasReached()) break;
        expect(error).toHaveProperty("name", "AbortError");
        await drafter.begin(contextOf(prompt));
        expect(chainOf(await drafter.draft(1, BUDGET, NEVER))).toEqual(expected);
      }
    },
  );

  test("in every mode each score is the model's own probability after that path, whatever was committed before", async () => {
    const arbitraryStep = fc.record({
      mode: fc.constantFrom(...DRAFT_MODES),
      /** Tokens that the target takes from the draft, its child of this rank at each; then those of its own. */
      numFollowed: fc.nat(3),
      rank: fc.nat(2),
      own: fc.array(token, { minLength: 1, maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        arbitraryPrompt,
        fc.array(arbitraryStep, { maxLength: 6 }),
        async (prompt, steps) => {
          const model = openModel();
          const drafter = new DraftModelDrafter(model, { maxTokens: 5, minSurvival: 0.05 });
          await drafter.begin(contextOf(prompt));
          const history = [...prompt];
          for (const { mode, numFollowed, rank, own } of steps) {
            const tree = await drafter.draft(history.at(-1)!, { ...BUDGET, mode }, NEVER);
            expect(checkDraftTree(tree)).toBeUndefined();
            expectOwnProbs(tree, history);
            // Beyond the history the cache holds a path that was looked at.
            expect(model.rows.slice(0, history.length)).toEqual(history);
            const committed = [...followed(tree, numFollowed, rank), ...own];
            learn(drafter, committed);
            history.push(...committed);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("takes along the few tokens that its cache lacks, and prefills many", async () => {
    const model = openModel();
    const sizes: number[] = [];
    const evaluateTree = model.evaluateTree.bind(model);
    model.evaluateTree = (tree, signal) => {
      sizes.push(tree.size);
      return evaluateTree(tree, signal);
    };
    const drafter = new DraftModelDrafter(model, { ...NO_STOP, mode: "chain", maxTokens: 1 });
    await drafter.begin(contextOf([1, 2]));
    for (const committed of [[3], [4, 5, 6, 0], Array.from({ length: 30 }, () => 1), []]) {
      learn(drafter, committed);
      await drafter.draft(committed.at(-1) ?? 1, BUDGET, NEVER);
    }
    expect(sizes).toEqual([3, 4, 1, 1]);
  });

  test("what it drafted and the target took is not evaluated again", async () => {
    const model = openModel();
    const drafter = new DraftModelDrafter(model, { ...NO_STOP, mode: "chain" });
    await drafter.begin(contextOf([1, 2]));
    const chain = chainOf(await drafter.draft(2, BUDGET, NEVER));
    model.numPasses = 0;
    learn(drafter, [...chain.slice(0, 4), 5]);
    await drafter.draft(5, { ...BUDGET, maxNodes: 1 }, NEVER);
    expect(model.numPasses).toBe(1);
    expect(model.rows).toEqual([1, 2, ...chain.slice(0, 4), 5]);
  });

  test("learns what its passes take and how often the target goes on inside its drafts", async () => {
    let now = 0;
    const model = openModel();
    const evaluateTree = model.evaluateTree.bind(model);
    model.evaluateTree = (tree, signal) => {
      now += 3 * tree.size;
      return evaluateTree(tree, signal);
    };
    const drafter = new DraftModelDrafter(model, { ...NO_STOP, now: () => now });
    await drafter.begin(contextOf([1, 2]));
    const worth = { tokenMs: 1000, rowMs: 0, pace: new DraftPace() };
    const history = [1, 2];
    for (let step = 0; step < 60; step++) {
      const tree = await drafter.draft(history.at(-1)!, { ...BUDGET, mode: "chain", worth }, NEVER);
      const committed = [...followed(tree, 2, 0), 0];
      learn(drafter, committed);
      history.push(...committed);
    }
    expect(worth.pace.passMs(1)).toBeCloseTo(3, 1);
    // Two hits and a miss in each step, but where the chain itself goes on with a 0.
    expect(worth.pace.hitRate).toBeGreaterThan(0.6);
    expect(worth.pace.hitRate).toBeLessThan(0.85);
  });
});

/** Tokens of a path from the root: at each node the child of a rank, or the last one. */
function followed(tree: DraftTree, maxLength: number, rank: number): number[] {
  const tokens: number[] = [];
  for (let at = 0; tokens.length < maxLength; ) {
    const children = Array.from(tree.parents.keys()).filter((node) => tree.parents[node] === at);
    at = children[Math.min(rank, children.length - 1)] ?? -1;
    if (at === -1) break;
    tokens.push(tree.tokens[at]!);
  }
  return tokens;
}

/** Scores against the model's logits after history and path. */
function expectOwnProbs(tree: DraftTree, history: readonly number[]): void {
  const probsAfter = (node: number) => {
    const logits = hashedLogits(VOCAB_SIZE, 2)([...history, ...pathTokens(tree, node)]);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    return logits.map((logit) => Math.exp(logit) / sum);
  };
  for (let node = 1; node < tree.size; node++) {
    const expected = probsAfter(tree.parents[node]!)[tree.tokens[node]!]!;
    expect(tree.scores[node]).toBeCloseTo(expected, 4);
  }
}

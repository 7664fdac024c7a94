import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DraftModelDrafter } from "../../src/core/draftModelDrafter.ts";
import { checkDraftTree, type DraftTree, sourceBit } from "../../src/core/draftTree.ts";
import { speculativeDecode } from "../../src/core/speculativeDecode.ts";
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
        await drafter.begin(contextOf(prompt), NEVER);
        const history = [...prompt];
        expect(model.rows).toEqual(history.slice(0, -1));
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
          await drafter.begin(contextOf(prompt), NEVER);
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
    await drafter.begin(contextOf([1, 2]), NEVER);
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
          await drafter.begin(contextOf(prompt), NEVER);
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
            limits: { maxTokens: 27, isEndToken: () => false },
            maxDraftNodes: 8,
            observer: CLOCK,
          },
          NEVER,
        );
        expect(stats.acceptedPerStep).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 3]);
        expect(stats.numAcceptedTokens).toBe(stats.numDraftTokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts as far as its own context reaches", async () => {
    const prompt = [1, 2, 3, 4];
    for (let numFree = 0; numFree < 6; numFree++) {
      const drafter = new DraftModelDrafter(openModel(1, prompt.length - 1 + numFree), NO_STOP);
      await drafter.begin(contextOf(prompt), NEVER);
      expect((await drafter.draft(4, BUDGET, NEVER)).size - 1).toBe(numFree);
    }
  });

  test("a cancel at any look at the signal leaves a cache that the next draft repairs", async () => {
    const prompt = [1, 2, 3, 4, 5, 6, 0, 1];
    const model = openModel();
    const drafter = new DraftModelDrafter(model, NO_STOP);
    await drafter.begin(contextOf(prompt), NEVER);
    const expected = chainOf(await drafter.draft(1, BUDGET, NEVER));
    for (let n = 1; ; n++) {
      const { signal, wasReached } = countdownSignal(n);
      const run = async () => {
        await drafter.begin(contextOf([...prompt.slice(0, 4), 0]), signal);
        await drafter.begin(contextOf(prompt), signal);
        await drafter.draft(1, BUDGET, signal);
      };
      const error: unknown = await run().catch((reason: unknown) => reason);
      if (!wasReached()) break;
      expect(error).toHaveProperty("name", "AbortError");
      await drafter.begin(contextOf(prompt), NEVER);
      expect(model.rows).toEqual(prompt.slice(0, -1));
      expect(chainOf(await drafter.draft(1, BUDGET, NEVER))).toEqual(expected);
    }
  });
});

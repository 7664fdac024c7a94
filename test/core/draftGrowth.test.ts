import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DraftPace } from "../../src/core/budget/draftPace.ts";
import {
  DraftGrowth,
  type GrowthLimits,
  type TopProbs,
} from "../../src/core/drafters/draftGrowth.ts";
import { DRAFT_MODES, type DraftMode, type DraftWorth } from "../../src/core/tree/drafter.ts";
import { checkDraftTree, type DraftTree, ROOT, survivals } from "../../src/core/tree/draftTree.ts";
import { LEAST_CHANCE, MAX_WIDTH } from "../../src/core/tree/policyConstants.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

const SOURCE = 4;
const END_TOKEN = 6;

/** A model that says the same wherever it is asked, but for the depth. */
type ProbsAt = (depth: number) => readonly number[];

function topProbs(probs: readonly number[]): TopProbs {
  return { tokens: Int32Array.from(probs.keys()), probs: Float32Array.from(probs) };
}

function limitsOf(limits: Partial<GrowthLimits>): GrowthLimits {
  return {
    mode: "tree",
    maxNodes: 32,
    maxDepth: 12,
    maxPasses: 12,
    minSurvival: 0.01,
    minExpandedSurvival: 0.01,
    isEndToken: (token) => token === END_TOKEN,
    ...limits,
  };
}

/** A worth where a pass takes so long, each further row costs so much more, and every look beyond a node hits. */
function worthOf(passMs: number, extraRowMs = 0, tokenMs = 10, rowMs = 0): DraftWorth {
  const pace = new DraftPace();
  for (let numRows = 1; numRows <= 40; numRows++) {
    for (let i = 0; i < 60; i++) pace.recordPass(numRows, passMs + extraRowMs * (numRows - 1));
  }
  for (let i = 0; i < 199; i++) pace.recordHit(true);
  return { tokenMs, rowMs, pace };
}

/** Grows to the end; the frontiers, each with its depth. */
function grow(limits: GrowthLimits, probsAt: ProbsAt) {
  const growth = new DraftGrowth(9, limits);
  const frontiers: (readonly number[])[] = [];
  // A pass over nodes that part at the root.
  const numRows = (frontier: readonly number[]) => {
    const depth = growth.nodes[frontier[0]!]!.depth;
    return frontier.length === 1 ? 1 : 1 + depth * frontier.length;
  };
  for (;;) {
    const frontier = growth.nextFrontier(numRows);
    if (frontier.length === 0) break;
    frontiers.push(frontier);
    for (const node of frontier) {
      growth.grow(node, topProbs(probsAt(growth.nodes[node]!.depth)));
    }
  }
  return { growth, frontiers, draft: growth.finish(SOURCE) };
}

const arbitraryProbs = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 7 })
  .map((weights) => {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum).sort((a, b) => b - a);
  });
const arbitraryModel: fc.Arbitrary<ProbsAt> = fc
  .array(arbitraryProbs, { minLength: 1, maxLength: 5 })
  .map((rows) => (depth: number) => rows[depth % rows.length]!);
const arbitraryLimits: fc.Arbitrary<GrowthLimits> = fc
  .record({
    mode: fc.constantFrom(...DRAFT_MODES),
    maxNodes: fc.nat(20),
    maxDepth: fc.nat(6),
    maxPasses: fc.nat(6),
    minSurvival: fc.double({ min: 0, max: 0.3, noNaN: true }),
    worth: fc.option(
      fc.tuple(fc.nat(20), fc.nat(5)).map(([passMs, rowMs]) => worthOf(passMs + 1, rowMs)),
      { nil: undefined },
    ),
  })
  .map(limitsOf);

const pathsOf = (tree: DraftTree) =>
  Array.from(tree.tokens.keys(), (node) => pathTokens(tree, node).join());

describe("DraftGrowth", () => {
  test("looks beyond the likeliest first, each once, and ends in a valid tree within the limits", () => {
    fc.assert(
      fc.property(arbitraryLimits, arbitraryModel, (limits, probsAt) => {
        const { growth, frontiers, draft } = grow(limits, probsAt);
        expect(frontiers.length).toBeLessThanOrEqual(limits.maxPasses);
        expect(new Set(frontiers.flat()).size).toBe(frontiers.flat().length);
        for (const frontier of frontiers) {
          expect(frontier.length).toBeLessThanOrEqual(MAX_WIDTH);
          const nodes = frontier.map((node) => growth.nodes[node]!);
          expect(nodes.every(({ token }) => token !== END_TOKEN)).toBe(true);
          for (const [index, { survival }] of nodes.entries()) {
            if (index > 0) expect(survival).toBeLessThanOrEqual(nodes[index - 1]!.survival);
          }
        }
        expect(checkDraftTree(draft)).toBeUndefined();
        expect(draft.size - 1).toBeLessThanOrEqual(limits.maxNodes);
        expect(Math.max(...draft.depths)).toBeLessThanOrEqual(limits.maxDepth);
        for (const survival of survivals(draft)) {
          expect(survival).toBeGreaterThanOrEqual(limits.minSurvival - 1e-6);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("keeps the likeliest of the nodes that it grew", () => {
    fc.assert(
      fc.property(arbitraryLimits, arbitraryModel, (limits, probsAt) => {
        const { growth, draft } = grow(limits, probsAt);
        const best = growth.nodes
          .slice(1)
          .map(({ survival }) => survival)
          .sort((a, b) => b - a)
          .slice(0, limits.maxNodes)
          .reduce((sum, survival) => sum + survival, 0);
        const kept = survivals(draft).reduce((sum, survival) => sum + survival, -1);
        expect(kept).toBeCloseTo(best, 4);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a chain is the first choices, a tree has others beside them", () => {
    const probsAt = () => [0.6, 0.2, 0.1];
    const paths = (mode: DraftMode) =>
      new Set(pathsOf(grow(limitsOf({ mode, maxPasses: 3 }), probsAt).draft));
    expect(paths("chain")).toEqual(new Set(["", "0", "0,0", "0,0,0"]));
    const tree = paths("tree");
    for (const path of [...paths("chain"), "1", "2"]) expect(tree).toContain(path);
  });

  test("looks beyond the root whatever that costs, and with probability 1 as far as it may", () => {
    for (const mode of DRAFT_MODES) {
      expect(grow(limitsOf({ mode, worth: worthOf(1e6) }), () => [0.5]).frontiers.length).toBe(1);
    }
    const sure = grow(limitsOf({ mode: "chain", worth: worthOf(5) }), () => [1]);
    expect(sure.draft.size - 1).toBe(12);
  });

  test("goes on while what is expected of a pass is worth more than it costs", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 0.99, noNaN: true }),
        fc.double({ min: 0.5, max: 9, noNaN: true }),
        (prob, passMs) => {
          const worth = worthOf(passMs);
          const { frontiers } = grow(limitsOf({ mode: "chain", worth }), () => [prob]);
          const hitRate = worth.pace.hitRate;
          let numPasses = 1;
          const pays = (depth: number) =>
            hitRate * prob ** depth * worth.tokenMs > worth.pace.passMs(1)! &&
            prob ** depth >= 0.01;
          while (numPasses < 12 && pays(numPasses)) numPasses++;
          expect(frontiers.length).toBe(numPasses);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("dearer passes are never more, and neither are they where tokens are worth less or rows cost", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<DraftMode[]>("chain", "tree"),
        arbitraryModel,
        fc.nat(8),
        (mode, probsAt, passMs) => {
          const numPasses = (worth: DraftWorth) =>
            grow(limitsOf({ mode, worth }), probsAt).frontiers.length;
          const base = numPasses(worthOf(passMs + 1));
          expect(numPasses(worthOf(passMs + 2))).toBeLessThanOrEqual(base);
          expect(numPasses(worthOf(passMs + 1, 0, 8))).toBeLessThanOrEqual(base);
          expect(numPasses(worthOf(passMs + 1, 0, 10, 1))).toBeLessThanOrEqual(base);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("is as wide as rows are cheap", () => {
    const widths = (extraRowMs: number) =>
      grow(limitsOf({ worth: worthOf(1, extraRowMs) }), () => [0.4, 0.3, 0.2]).frontiers.map(
        ({ length }) => length,
      );
    expect(widths(0)[1]).toBe(3);
    expect(widths(5)[1]).toBe(1);
  });

  test("asks for no pass that the model cannot take", () => {
    const growth = new DraftGrowth(9, limitsOf({}));
    expect(growth.nextFrontier(() => undefined)).toEqual([]);
    const narrow = new DraftGrowth(9, limitsOf({}));
    narrow.grow(narrow.nextFrontier(() => 1)[0]!, topProbs([0.4, 0.3, 0.2]));
    expect(narrow.nextFrontier(({ length }) => (length < 3 ? length : undefined)).length).toBe(2);
  });

  test("nothing is drafted below an end token", () => {
    const growth = new DraftGrowth(9, limitsOf({}));
    const [root] = growth.nextFrontier(() => 1);
    growth.grow(root!, { tokens: Int32Array.of(END_TOKEN, 1), probs: Float32Array.of(0.7, 0.2) });
    const tokens = growth.nextFrontier(() => 1).map((node) => growth.nodes[node]!.token);
    expect(tokens).toEqual([1]);
  });
});

describe("what others drafted", () => {
  /** 3 → 4 → 5, likely by its scores, and 7, unlikely. */
  const OTHERS: DraftTree = {
    ...treeOf(9, [
      [0, 3],
      [1, 4],
      [2, 5],
      [0, 7],
    ]),
    scores: Float32Array.of(1, 0.9, 0.9, 0.9, 0.02),
  };
  const rowsOf = (frontier: readonly number[]) => frontier.length;
  /** Says 3 and 4 with certainty, then 8; or nothing at all below 3. */
  const says = (depth: number): TopProbs => ({
    tokens: Int32Array.of([3, 4, 8, 8][depth]!),
    probs: Float32Array.of(0.9),
  });

  test("is looked beyond in the first pass as far as the rows cost less than the passes that they save", () => {
    const looked = (extraRowMs: number) => {
      const worth = worthOf(10, extraRowMs, 100);
      const growth = new DraftGrowth(9, limitsOf({ worth }), OTHERS);
      return growth.nextFrontier(rowsOf).map((node) => growth.nodes[node]!.token);
    };
    expect(looked(0)).toEqual([9, 3, 4, 5, 7]);
    expect(looked(1)).toEqual([9, 3, 4, 5]);
    expect(looked(8.5)).toEqual([9, 3]);
    expect(looked(20)).toEqual([9]);
  });

  test("has the model's chances for scores, and goes on where the model does", () => {
    const growth = new DraftGrowth(9, limitsOf({ worth: worthOf(1, 0, 100) }), OTHERS);
    const first = growth.nextFrontier(rowsOf);
    for (const node of first) growth.grow(node, says(growth.nodes[node]!.depth));
    expect(growth.nodes[growth.likeliestEnd(first)]!.token).toBe(5);
    const [next] = growth.nextFrontier(rowsOf);
    expect(growth.tokensTo(next!)).toEqual(Int32Array.of(3, 4, 8));
    const draft = growth.finish(SOURCE);
    const scoreOf = (token: number) => draft.scores[draft.tokens.indexOf(token)];
    expect(scoreOf(3)).toBeCloseTo(0.9);
    expect(scoreOf(5)).toBeCloseTo(LEAST_CHANCE);
    expect(scoreOf(7)).toBeCloseTo(LEAST_CHANCE);
  });

  test("is not judged by rows that say nothing, nor what follows it there", () => {
    const growth = new DraftGrowth(9, limitsOf({ worth: worthOf(1, 0, 100) }), OTHERS);
    for (const node of growth.nextFrontier(rowsOf)) {
      const isKnown = node === ROOT;
      growth.grow(
        node,
        isKnown ? says(0) : { tokens: new Int32Array(0), probs: new Float32Array(0) },
      );
    }
    expect(Array.from(growth.finish(SOURCE).tokens)).toEqual([9, 3, 7]);
  });

  test("is left out as far as the model cannot take it in one pass", () => {
    const growth = new DraftGrowth(9, limitsOf({ worth: worthOf(1, 0, 100) }), OTHERS);
    expect(growth.nextFrontier(({ length }) => (length <= 3 ? length : undefined)).length).toBe(3);
  });

  test("is cut to what pays most of that, where more rows would pay more", () => {
    const worth = { tokenMs: 100, rowMs: 0, pace: new DraftPace() };
    for (const [numRows, ms] of [10, 10, 20, 20, 20].entries()) {
      worth.pace.recordPass(numRows + 1, ms);
    }
    const numLooked = (maxRows: number) =>
      new DraftGrowth(9, limitsOf({ worth }), OTHERS).nextFrontier(({ length }) =>
        length <= maxRows ? length : undefined,
      ).length;
    expect([5, 4, 3, 2, 1].map(numLooked)).toEqual([5, 4, 2, 2, 1]);
  });

  test("is cut to the most that the model takes in a few tries, however much that is", () => {
    fc.assert(
      fc.property(arbitraryTree(6, 200), fc.integer({ min: 1, max: 200 }), (others, maxRows) => {
        const worth = worthOf(1, 0, 100);
        worth.pace.recordPass(200, 1);
        const limits = limitsOf({ worth, maxDepth: 200 });
        let numTries = 0;
        const numLooked = (max: number) => {
          numTries = 0;
          return new DraftGrowth(9, limits, others).nextFrontier(({ length }) => {
            numTries++;
            return length <= max ? length : undefined;
          }).length;
        };
        expect(numLooked(maxRows)).toBe(Math.min(maxRows, numLooked(Infinity)));
        numLooked(maxRows);
        expect(numTries).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(others.size)));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("stays out where costs are not known", () => {
    expect(new DraftGrowth(9, limitsOf({}), OTHERS).nextFrontier(rowsOf)).toEqual([ROOT]);
  });

  test("is told with what the model adds as a valid tree, whatever it is", () => {
    fc.assert(
      fc.property(arbitraryTree(6, 12), arbitraryModel, fc.nat(5), (others, probsAt, numPasses) => {
        const growth = new DraftGrowth(9, limitsOf({ worth: worthOf(1, 0.1, 100) }), others);
        const numRows = (frontier: readonly number[]) => 1 + frontier.length;
        for (let pass = 0; pass <= numPasses; pass++) {
          for (const node of growth.nextFrontier(numRows)) {
            growth.grow(node, topProbs(probsAt(growth.nodes[node]!.depth)));
          }
        }
        expect(checkDraftTree(growth.finish(SOURCE))).toBeUndefined();
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ChoiceTerms,
  chooseNodes,
  gainWithoutNodes,
  realisedGain,
} from "../../src/core/budget/stepGain.ts";
import { sourceBit } from "../../src/core/tree/draftTree.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, treeOf } from "../support/trees.ts";

const MODEL = sourceBit("draftModel");
const STORE = sourceBit("recycling");

/** A row costs so many ms, and a token is worth 10. */
const termsOf = (rowMs: number): ChoiceTerms => ({
  limits: { maxNodes: 32, maxBranches: 16, maxDepth: 16 },
  cost: { passMs: (numRows) => 10 + rowMs * (numRows - 1), treeMs: 0, tokensPerMs: 0.1 },
  correction: 1,
});

describe("gainWithoutNodes", () => {
  test("is never more than the whole gain, and that where a source proposed nothing of its own", () => {
    fc.assert(
      fc.property(
        arbitraryTree(5, 30),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (tree, rowMs) => {
          const terms = termsOf(rowMs);
          const { gain } = chooseNodes(tree, terms).choice;
          for (const source of ["recycling", "suffixMatch", "draftModel"] as const) {
            const without = gainWithoutNodes(tree, source, terms);
            expect(without).toBeLessThanOrEqual(gain + 1e-5);
            if (!tree.sources.includes(sourceBit(source))) expect(without).toBeCloseTo(gain, 5);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("realisedGain", () => {
  const others = treeOf(0, [
    [0, 1, 0.9, STORE],
    [1, 2, 0.9, STORE],
    [2, 3, 0.5, STORE],
  ]);
  const made = (committed: readonly number[], numRows: number) => ({
    numRows,
    numAccepted: committed.length - 1,
    committed: Int32Array.from(committed),
  });

  test("is what was accepted beyond what the others would have had, where rows are free", () => {
    const terms = termsOf(0);
    expect(realisedGain(made([1, 7, 8, 9], 5), others, terms)).toBeCloseTo(3 - 1, 5);
    expect(realisedGain(made([7, 8], 5), others, terms)).toBeCloseTo(1 - 0, 5);
    expect(realisedGain(made([7], 5), others, terms)).toBeCloseTo(0, 5);
  });

  test("is a loss where the others would have held longer: beyond what is known their scores count", () => {
    // The target goes on with 1 and 2, but only 1 had been verified.
    expect(realisedGain(made([1, 2], 5), others, termsOf(0))).toBeCloseTo(1 - 2 - 0.5, 5);
    expect(realisedGain(made([1], 1), others, termsOf(0))).toBeCloseTo(0 - 1 - 0.9 - 0.45, 5);
  });

  test("counts the rows of both passes", () => {
    // A ms is worth 0.1 tokens: the others' three nodes cost 3 ms, ours 7.
    expect(realisedGain(made([1, 7, 8], 8), others, termsOf(1))).toBeCloseTo(2 - 1 - 0.4, 5);
    // Their third node is not worth 6 ms.
    expect(realisedGain(made([1, 2, 3, 4], 1), others, termsOf(6))).toBeCloseTo(3 - 2 + 1.2, 5);
  });

  test("a draft model that only repeats what the others know brings what its rows cost", () => {
    fc.assert(
      fc.property(arbitraryTree(5, 20), fc.array(fc.nat(4), { minLength: 1 }), (tree, text) => {
        const terms = termsOf(0.2);
        const { ranked, choice } = chooseNodes(tree, terms);
        let at = 0;
        let numAccepted = 0;
        // Ranked nodes have their parents before them.
        const chosen = Array.from(ranked.nodes.subarray(0, choice.numNodes));
        for (;;) {
          const next = chosen.find(
            (n) => tree.parents[n] === at && tree.tokens[n] === text[numAccepted],
          );
          if (next === undefined || numAccepted === text.length - 1) break;
          at = next;
          numAccepted++;
        }
        const committed = Int32Array.from(text.slice(0, numAccepted + 1));
        const isMiss = !chosen.some(
          (n) => tree.parents[n] === at && tree.tokens[n] === text[numAccepted],
        );
        if (!isMiss) return;
        const pass = { numRows: choice.numNodes + 1, numAccepted, committed };
        expect(realisedGain(pass, tree, terms)).toBeCloseTo(0, 5);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("agreement counts: with the model's nodes left out, the others' may be worth less", () => {
    const fused = treeOf(0, [[0, 1, 0.95, STORE | MODEL]]);
    const terms = termsOf(5);
    expect(chooseNodes(fused, terms).choice.numNodes).toBe(1);
    // Alone, the same node is not worth its row.
    const alone = treeOf(0, [[0, 1, 0.3, STORE]]);
    expect(realisedGain(made([1, 4], 2), alone, terms)).toBeCloseTo(1 - 0.5, 5);
    expect(gainWithoutNodes(fused, "draftModel", terms)).toBeCloseTo(0.45, 5);
  });
});

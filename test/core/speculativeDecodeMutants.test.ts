/** Broken targets and drafters that the lossless comparison must catch, or must not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DraftModelDrafter } from "../../src/core/drafters/draftModelDrafter.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../src/core/tree/targetModel.ts";
import type { AcceptedPath } from "../../src/core/tree/verifyGreedy.ts";
import {
  arbitraryScenario,
  decodePlain,
  decodeSpeculatively,
  openFake,
  type Scenario,
} from "../support/decodeScenarios.ts";
import { pathTokens } from "../support/trees.ts";

/** Scenarios in which something is accepted: the draft model is the target, beside one that disagrees. */
const SCENARIOS: readonly Scenario[] = fc
  .sample(arbitraryScenario(), { numRuns: 40, seed: 20_260_901 })
  .map((scenario) => ({
    ...scenario,
    drafters: ["draftModel", "wrongModel", "recycling"] as const,
    maxDraftNodes: 12,
    passMs: undefined,
    maxTokens: 20,
    maxBranches: 8,
    numFree: 4096,
    endTokens: [],
    stopAt: undefined,
  }));

/** The target, with some methods broken. */
function mutate(
  target: TargetModel,
  broken: (inner: TargetModel) => Partial<TargetModel>,
): TargetModel {
  const overrides = broken(target);
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(name in overrides ? overrides : target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function numDifferent(
  decode: (scenario: Scenario) => ReturnType<typeof decodeSpeculatively>,
): Promise<number> {
  let num = 0;
  for (const scenario of SCENARIOS) {
    const plain = await decodePlain(scenario);
    const outcome = await decode(scenario);
    if (`${outcome.tokens}` !== `${plain.tokens}`) num++;
  }
  return num;
}

describe("the lossless comparison", () => {
  test("passes the healthy loop on the mutants' scenarios", async () => {
    expect(await numDifferent((scenario) => decodeSpeculatively(scenario))).toBe(0);
  });

  test("catches a second-best token that is accepted where a draft proposes it", async () => {
    const different = await numDifferent((scenario) => {
      const target = mutate(openFake(scenario), (inner) => ({
        async evaluateTree(tree, signal) {
          return acceptingSecondBest(tree, await inner.evaluateTree(tree, signal));
        },
      }));
      return decodeSpeculatively(scenario, { target });
    });
    expect(different).toBeGreaterThan(0);
  });

  test("catches a commit that keeps the wrong leaf's rows", async () => {
    const different = await numDifferent((scenario) => {
      let lastTree: DraftTree;
      const target = mutate(openFake(scenario), (inner) => ({
        evaluateTree(tree, signal) {
          lastTree = tree;
          return inner.evaluateTree(tree, signal);
        },
        commit: (path) => inner.commit(siblingPath(lastTree, path)),
      }));
      return decodeSpeculatively(scenario, { target });
    });
    expect(different).toBeGreaterThan(0);
  });

  test("catches a commit that forgets the accepted rows", async () => {
    const different = await numDifferent((scenario) => {
      const target = mutate(openFake(scenario), (inner) => ({
        commit: (path) => inner.commit({ ...path, nodes: new Int32Array(0) }),
      }));
      return decodeSpeculatively(scenario, { target });
    });
    expect(different).toBeGreaterThan(0);
  });

  test("catches logits read at the wrong row", async () => {
    const different = await numDifferent((scenario) => {
      const target = mutate(openFake(scenario), (inner) => ({
        async evaluateTree(tree, signal) {
          const logits = await inner.evaluateTree(tree, signal);
          const argmax = (node: number) => logits.argmax(Math.max(0, node - 1));
          return { ...logits, argmax };
        },
      }));
      return decodeSpeculatively(scenario, { target });
    });
    expect(different).toBeGreaterThan(0);
  });

  test("a stale draft cache costs passes, not output", async () => {
    class StaleDrafter extends DraftModelDrafter {
      override learn(): void {}
    }
    const passes = { healthy: 0, stale: 0 };
    const different = await numDifferent(async (scenario) => {
      const settings = { maxTokens: 8, minSurvival: 0 };
      const healthy = new DraftModelDrafter(openFake(scenario), settings);
      const stale = new StaleDrafter(openFake(scenario), settings);
      passes.healthy += (
        await decodeSpeculatively(scenario, { drafters: [healthy] })
      ).stats.numSteps;
      const outcome = await decodeSpeculatively(scenario, { drafters: [stale] });
      passes.stale += outcome.stats.numSteps;
      return outcome;
    });
    expect(different).toBe(0);
    expect(passes.stale).toBeGreaterThan(passes.healthy);
  });
});

/** Says "second best" wherever a child of the node carries it. */
function acceptingSecondBest(tree: DraftTree, logits: TreeLogits): TreeLogits {
  const argmax = (node: number) => {
    const [best, second] = logits.topK(node, 2).tokens;
    const isDrafted = tree.tokens.some(
      (token, at) => token === second && tree.parents[at] === node,
    );
    return isDrafted ? second! : best!;
  };
  return { ...logits, argmax };
}

/** Another path of the same length, if the tree has one. */
function siblingPath(tree: DraftTree, path: AcceptedPath): AcceptedPath {
  const depth = path.nodes.length;
  const leaf = path.nodes.at(-1) ?? 0;
  for (let node = 1; node < tree.size; node++) {
    if (tree.depths[node] !== depth || node === leaf) continue;
    const nodes: number[] = [];
    for (let at = node; at > 0; at = tree.parents[at]!) nodes.unshift(at);
    if (pathTokens(tree, node).length === depth) return { ...path, nodes: Int32Array.from(nodes) };
  }
  return path;
}

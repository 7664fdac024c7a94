import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrontierPasses, type GrownNode } from "../../src/core/drafters/frontierPasses.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const VOCAB_SIZE = 11;
const logitsOf = hashedLogits(VOCAB_SIZE, 4);
const ROOT_TOKEN = 5;

const openModel = (options: { maxBranches?: number; contextSize?: number } = {}) =>
  new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf, ...options });

/** A tree under growth, and what the next level is made of. */
class GrowingTree {
  readonly nodes: GrownNode[] = [{ token: ROOT_TOKEN, parent: -1, depth: 0 }];

  /** Adds children of a node; different tokens. */
  add(parent: number, count: number): number[] {
    const depth = this.nodes[parent]!.depth + 1;
    return Array.from({ length: count }, (_, rank) => {
      const token = (this.nodes[parent]!.token * 3 + depth + rank) % VOCAB_SIZE;
      return this.nodes.push({ token, parent, depth }) - 1;
    });
  }

  /** From below the root down to a node. */
  tokensTo(node: number): number[] {
    const tokens: number[] = [];
    for (let at = node; at > 0; at = this.nodes[at]!.parent) tokens.unshift(this.nodes[at]!.token);
    return tokens;
  }
}

/** Which nodes of a level are looked beyond: numbers that are taken modulo the level's size. */
const arbitraryLevels = fc.array(fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 5,
});

describe("FrontierPasses", () => {
  test("reads at every row what the model says after that path, whatever was committed before", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(VOCAB_SIZE - 1), { maxLength: 5 }),
        fc.array(fc.nat(VOCAB_SIZE - 1), { maxLength: 3 }),
        arbitraryLevels,
        async (held, missing, levels) => {
          const model = openModel();
          await model.prefill(Int32Array.from(held), NEVER);
          const tree = new GrowingTree();
          const passes = new FrontierPasses(model, Int32Array.from(missing), tree.nodes);
          const before = [...held, ...missing, ROOT_TOKEN];
          let level = [0];
          for (const picks of levels) {
            const frontier = Array.from(new Set(picks.map((pick) => level[pick % level.length]!)));
            const expectedRows = passes.numRows(frontier);
            const { logits, rows, numRows } = await passes.evaluate(frontier, NEVER);
            expect(numRows).toBe(expectedRows);
            for (const [index, node] of frontier.entries()) {
              const row = logitsOf([...before, ...tree.tokensTo(node)]);
              expect(logits.logit(rows[index]!, 7)).toBe(row[7]);
            }
            expect([...before, ...tree.tokensTo(frontier[0]!)].slice(0, model.kvLength)).toEqual(
              model.rows,
            );
            level = frontier.flatMap((node) => tree.add(node, 2));
            if (picks !== levels.at(-1)) continue;
            passes.keep(frontier[0]!);
            expect(model.rows).toEqual([...before, ...tree.tokensTo(frontier[0]!)]);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("a chain takes one row a pass, branches from the root all of theirs", async () => {
    const numRows = async (width: number) => {
      const tree = new GrowingTree();
      const passes = new FrontierPasses(openModel(), new Int32Array(0), tree.nodes);
      await passes.evaluate([0], NEVER);
      let frontier = tree.add(0, width);
      const counts: (number | undefined)[] = [];
      for (let depth = 1; depth <= 3; depth++) {
        counts.push(passes.numRows(frontier));
        await passes.evaluate(frontier, NEVER);
        frontier = frontier.flatMap((node) => tree.add(node, 1));
      }
      return counts;
    };
    expect(await numRows(1)).toEqual([1, 1, 1]);
    expect(await numRows(2)).toEqual([3, 5, 7]);
  });

  test("what all paths share by then is committed, not evaluated again", async () => {
    const tree = new GrowingTree();
    const model = openModel();
    const passes = new FrontierPasses(model, new Int32Array(0), tree.nodes);
    await passes.evaluate([0], NEVER);
    const [first] = tree.add(0, 2);
    await passes.evaluate([first!], NEVER);
    const both = tree.add(first!, 2);
    expect(passes.numRows(both)).toBe(3);
    await passes.evaluate(both, NEVER);
    expect(model.rows).toEqual([ROOT_TOKEN]);
    const deeper = both.flatMap((node) => tree.add(node, 1));
    expect(passes.numRows(deeper)).toBe(5);
    expect(passes.numRows(deeper.slice(0, 1))).toBe(1);
  });

  test("refuses what the model cannot take: leaves, rows, positions", async () => {
    const tree = new GrowingTree();
    const missing = Int32Array.of(1, 2);
    const open = (options: object) => new FrontierPasses(openModel(options), missing, tree.nodes);
    expect(open({ contextSize: 3 }).numRows([0])).toBe(3);
    expect(open({ contextSize: 2 }).numRows([0])).toBeUndefined();
    const passes = open({ maxBranches: 2 });
    await passes.evaluate([0], NEVER);
    const level = tree.add(0, 3);
    expect(passes.numRows(level.slice(0, 2))).toBe(3);
    expect(passes.numRows(level)).toBeUndefined();
  });
});

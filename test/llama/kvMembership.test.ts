import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { KvMembership, type SequenceMemory } from "../../src/llama/target/kvMembership.ts";
import { NaiveMemory } from "../support/naiveMemory.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree, pathTokens, treeOf } from "../support/trees.ts";

const NUM_IDS = 16;

/** A membership with what its cache must hold. */
class Bench {
  readonly memory = new NaiveMemory();
  readonly membership = new KvMembership(this.memory, NUM_IDS);
  committed: string[] = [];
  #numCells = 0;

  extend(numCells: number): void {
    for (let i = 0; i < numCells; i++) {
      const content = `trunk ${this.#numCells++}`;
      this.memory.add(this.committed.length, content, [0]);
      this.committed.push(content);
    }
    this.membership.extendTrunk(numCells);
  }

  /** A tree's pass: the cells of every node, and what each branch sees. */
  evaluate(tree: DraftTree) {
    const batch = layOutTree(tree);
    this.membership.join(batch.numBranches);
    const pass = this.#numCells++;
    const contents = Array.from(tree.tokens, (_, node) => `pass ${pass} node ${node}`);
    contents.forEach((content, node) => {
      const ids = [];
      for (let id = batch.firstBranches[node]!; id < batch.endBranches[node]!; id++) ids.push(id);
      this.memory.add(this.committed.length + tree.depths[node]!, content, ids);
    });
    batch.leaves.forEach((leaf, id) => {
      const nodes: number[] = [];
      for (let node = leaf; node !== -1; node = tree.parents[node]!) nodes.unshift(node);
      const expected = [...this.committed, ...nodes.map((node) => contents[node])];
      expect(this.memory.sequence(id)).toEqual(expected);
    });
    return { batch, contents };
  }

  /** Accepts the path to `leaf`, or rejects the whole tree where that is undefined. */
  step(tree: DraftTree, last: number | undefined): void {
    const { batch, contents } = this.evaluate(tree);
    if (last === undefined) {
      expect(this.membership.truncate(this.committed.length)).toBe(true);
      return;
    }
    const accepted: number[] = [];
    for (let node = last; node > 0; node = tree.parents[node]!) accepted.unshift(node);
    expect(this.membership.commit(tree, batch, Int32Array.from(accepted))).toBe(true);
    this.committed.push(...[0, ...accepted].map((node) => contents[node]!));
  }

  truncate(length: number): void {
    expect(this.membership.truncate(length)).toBe(true);
    this.committed.length = length;
  }

  check(): void {
    const { heldLengths } = this.membership;
    expect(this.membership.length).toBe(this.committed.length);
    expect(this.memory.cells).toHaveLength(this.committed.length);
    for (let id = 0; id < NUM_IDS; id++) {
      expect(this.memory.sequence(id), `id ${id}`).toEqual(
        this.committed.slice(0, heldLengths[id]),
      );
    }
    expect(this.memory.sequence(0)).toEqual(this.committed);
  }
}

type Action =
  | { readonly kind: "extend"; readonly count: number }
  | { readonly kind: "truncate"; readonly share: number }
  | { readonly kind: "step"; readonly tree: DraftTree; readonly choice: number | undefined };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("extend"), count: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("truncate"),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("step"),
      tree: arbitraryTree(4, NUM_IDS + 1),
      choice: fc.option(fc.nat(), { nil: undefined, freq: 5 }),
    }),
  },
) as fc.Arbitrary<Action>;

describe("KvMembership", () => {
  test("agrees with sets of cells through any prompts, trees, commits and rewinds", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
        const bench = new Bench();
        for (const next of actions) {
          if (next.kind === "extend") bench.extend(next.count);
          else if (next.kind === "truncate") {
            bench.truncate(Math.floor(next.share * bench.committed.length));
          } else {
            const { tree, choice } = next;
            bench.step(tree, choice === undefined ? undefined : choice % tree.size);
          }
          bench.check();
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("leaves the ids of branches alone that no tree needs", () => {
    const bench = new Bench();
    bench.extend(100);
    const chain = treeOf(1, [
      [0, 2],
      [1, 3],
    ]);
    for (let i = 0; i < 5; i++) bench.step(chain, 2);
    // A chain that is accepted whole is one sequence: nothing to copy and nothing to remove.
    expect(bench.memory.numCalls).toBe(0);
    expect(Array.from(bench.membership.heldLengths.subarray(1))).toEqual(
      new Array(NUM_IDS - 1).fill(0),
    );
    bench.check();
  });

  test("brings a branch up to date from where it left, not from the start", () => {
    const bench = new Bench();
    bench.extend(10);
    const fork = treeOf(1, [
      [0, 2],
      [0, 3],
      [2, 4],
    ]);
    expect(pathTokens(fork, 3)).toEqual([3, 4]);
    bench.step(fork, 3);
    const copies: number[][] = [];
    const { memory } = bench;
    const copy = memory.seqCopy.bind(memory);
    memory.seqCopy = (from, to, start, end) => {
      copies.push([from, to, start, end]);
      copy(from, to, start, end);
    };
    // The winner was id 1, and it holds all that was committed.
    bench.step(fork, 1);
    bench.step(fork, 1);
    expect(copies).toEqual([[0, 1, 14, 15]]);
    bench.check();
  });

  test("starts over after the memory was cleared", () => {
    const bench = new Bench();
    bench.extend(5);
    bench.step(
      treeOf(1, [
        [0, 2],
        [0, 3],
      ]),
      1,
    );
    bench.memory.cells = [];
    bench.committed = [];
    bench.membership.reset();
    bench.check();
    bench.extend(3);
    bench.step(
      treeOf(1, [
        [0, 2],
        [0, 3],
      ]),
      2,
    );
    bench.check();
  });

  test("reports a memory that cannot drop cells", () => {
    const refusing: SequenceMemory = { seqCopy: () => {}, seqRemove: () => false };
    const membership = new KvMembership(refusing, NUM_IDS);
    membership.extendTrunk(4);
    expect(membership.truncate(2)).toBe(false);
    const tree = treeOf(1, [[0, 2]]);
    const batch = layOutTree(tree);
    membership.join(batch.numBranches);
    expect(membership.commit(tree, batch, new Int32Array(0))).toBe(false);
  });
});

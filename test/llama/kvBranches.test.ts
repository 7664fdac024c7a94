import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DraftTree, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { layOutTree } from "../../src/core/tree/treeBatch.ts";
import { KvMembership, type SequenceMemory } from "../../src/llama/target/kvMembership.ts";
import { NaiveMemory } from "../support/naiveMemory.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { arbitraryTree } from "../support/trees.ts";

const NUM_IDS = 16;
const IDS_PER_BRANCH = 5;

/** A sequence with what it must hold. */
interface Sequence {
  readonly membership: KvMembership;
  readonly committed: string[];
}

interface Step {
  readonly branch: number;
  readonly tree: DraftTree;
  /** The last accepted node; undefined: the tree is dropped. */
  readonly choice: number | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  branch: fc.nat(2),
  tree: arbitraryTree(4, IDS_PER_BRANCH + 1),
  choice: fc.option(fc.nat(), { nil: undefined, freq: 5 }),
});

describe("KvMembership with branches", () => {
  test("agrees with sets of cells through trees of the trunk, of branches, and of the trunk again", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 5 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        fc.array(step, { maxLength: 12 }),
        (trunkSteps, prefixes, branchSteps) => {
          const memory = new NaiveMemory();
          const trunk: Sequence = { membership: new KvMembership(memory, NUM_IDS), committed: [] };
          extend(memory, trunk, 6);
          for (const { tree, choice } of trunkSteps) evaluate(memory, trunk, tree, choice);
          const held = trunk.membership.heldLengths;
          for (let round = 0; round < 2; round++) {
            const branches = prefixes.map((prefix, index) => {
              const length = prefix % (trunk.committed.length + 1);
              const firstId = 1 + index * IDS_PER_BRANCH;
              const membership = trunk.membership.branchOff(firstId, IDS_PER_BRANCH, length)!;
              return { membership, length, committed: trunk.committed.slice(0, length) };
            });
            for (const { branch, tree, choice } of branchSteps) {
              evaluate(memory, branches[branch % branches.length]!, tree, choice);
              for (const sequence of branches) check(memory, sequence);
            }
            for (const { membership, length } of branches) {
              expect(trunk.membership.takeBack(membership, length)).toBe(true);
            }
            check(memory, trunk);
            expect(memory.cells).toHaveLength(trunk.committed.length);
            // What was not lent is as it was.
            const firstFree = 1 + prefixes.length * IDS_PER_BRANCH;
            expect(trunk.membership.heldLengths.slice(firstFree)).toEqual(held.slice(firstFree));
          }
          for (const { tree, choice } of trunkSteps) evaluate(memory, trunk, tree, choice);
          check(memory, trunk);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("a branch that takes one id makes one copy, and one removal at its end", () => {
    const memory = new NaiveMemory();
    const trunk: Sequence = { membership: new KvMembership(memory, NUM_IDS), committed: [] };
    extend(memory, trunk, 100);
    const branch = trunk.membership.branchOff(1, IDS_PER_BRANCH, 90)!;
    expect(memory.numCalls).toBe(1);
    const sequence = { membership: branch, committed: trunk.committed.slice(0, 90) };
    for (let i = 0; i < 5; i++) evaluate(memory, sequence, rootOnlyTree(1), 0);
    expect(memory.numCalls).toBe(1);
    expect(trunk.membership.takeBack(branch, 90)).toBe(true);
    expect(memory.numCalls).toBe(2);
    check(memory, trunk);
  });

  test("reports a memory that cannot drop cells", () => {
    let isRefusing = false;
    const memory: SequenceMemory = { seqCopy: () => {}, seqRemove: () => !isRefusing };
    const trunk = new KvMembership(memory, NUM_IDS);
    trunk.extendTrunk(4);
    const branch = trunk.branchOff(1, IDS_PER_BRANCH, 2)!;
    const tree = rootOnlyTree(1);
    branch.join(1);
    branch.commit(tree, layOutTree(tree), new Int32Array(0));
    isRefusing = true;
    expect(trunk.takeBack(branch, 2)).toBe(false);
    expect(trunk.branchOff(1, IDS_PER_BRANCH, 2)).toBeDefined();
    trunk.join(3);
    expect(trunk.branchOff(1, IDS_PER_BRANCH, 2)).toBeUndefined();
  });
});

let numCells = 0;

function extend(memory: NaiveMemory, { membership, committed }: Sequence, count: number): void {
  for (let i = 0; i < count; i++) {
    const content = `trunk ${numCells++}`;
    memory.add(committed.length, content, [0]);
    committed.push(content);
  }
  membership.extendTrunk(count);
}

/** One pass over a tree, then accepts the path to `choice`, or drops the tree. */
function evaluate(
  memory: NaiveMemory,
  { membership, committed }: Sequence,
  tree: DraftTree,
  choice: number | undefined,
): void {
  const batch = layOutTree(tree);
  const base = committed.length;
  membership.join(batch.numBranches);
  const contents = Array.from({ length: tree.size }, (_, node) => {
    const content = `cell ${numCells++}`;
    const ids: number[] = [];
    for (let id = batch.firstBranches[node]!; id < batch.endBranches[node]!; id++) {
      ids.push(membership.firstId + id);
    }
    memory.add(base + tree.depths[node]!, content, ids);
    return content;
  });
  // Every leaf sees the prefix and its own path, nothing of other branches.
  batch.leaves.forEach((leaf, branch) => {
    const path: number[] = [];
    for (let node = leaf; node !== -1; node = tree.parents[node]!) path.unshift(node);
    const expected = [...committed, ...path.map((node) => contents[node]!)];
    expect(memory.sequence(membership.firstId + branch)).toEqual(expected);
  });
  if (choice === undefined) {
    expect(membership.truncate(base)).toBe(true);
    return;
  }
  const accepted: number[] = [];
  for (let node = choice % tree.size; node > 0; node = tree.parents[node]!) accepted.unshift(node);
  expect(membership.commit(tree, batch, Int32Array.from(accepted))).toBe(true);
  committed.push(...[0, ...accepted].map((node) => contents[node]!));
}

function check(memory: NaiveMemory, { membership, committed }: Sequence): void {
  expect(membership.length).toBe(committed.length);
  membership.heldLengths.forEach((held, id) => {
    expect(memory.sequence(membership.firstId + id), `id ${id}`).toEqual(committed.slice(0, held));
  });
}

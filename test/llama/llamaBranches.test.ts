import { describe, expect, test } from "vitest";
import { rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { KvMembership } from "../../src/llama/target/kvMembership.ts";
import { type BranchHost, LlamaBranches } from "../../src/llama/target/llamaBranches.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { NaiveMemory } from "../support/naiveMemory.ts";
import { NEVER } from "../support/never.ts";

const NUM_TOKENS = 6;
const TREES = [rootOnlyTree(1), rootOnlyTree(2)];
const NOTHING = { nodes: new Int32Array(0), bonusToken: 0 };

/** Branches over a memory of ours, with passes that end when the test says so. */
async function openBench() {
  const memory = new NaiveMemory();
  const trunk = new KvMembership(memory, 16);
  const target = new FakeTarget({ vocabSize: 7, logitsOf: hashedLogits(7, 1) });
  await target.prefill(new Int32Array(NUM_TOKENS), NEVER);
  for (let at = 0; at < NUM_TOKENS; at++) memory.add(at, `cell ${at}`, [0]);
  trunk.extendTrunk(NUM_TOKENS);
  const logits = await target.evaluateTree(rootOnlyTree(1), NEVER);
  const log: string[] = [];
  const state = { isBusy: false, fails: false, isRefusing: false };
  const { seqRemove } = memory;
  memory.seqRemove = (...args) => !state.isRefusing && seqRemove.apply(memory, args);
  const host: BranchHost = {
    target,
    trunk,
    batch: {
      setTokens: (tokens) => log.push(`tokens ${tokens.join(" ")}`),
      setEmbeddings: () => log.push("embeddings"),
      setChainRows: () => {},
      setTreeRows: (_tree, _batch, { position, firstRow, firstId }) =>
        log.push(`tree at ${position}, row ${firstRow}, id ${firstId}`),
      struct: () => ({}),
    },
    async pass(_numRows, layOut) {
      layOut();
      state.isBusy = true;
      await Promise.resolve();
      state.isBusy = false;
      if (state.fails) {
        branches.lose();
        throw new Error("decode failed");
      }
      return logits;
    },
    assertIdle() {
      if (state.isBusy) throw new RangeError("busy");
    },
    clear() {
      log.push("cleared");
      branches.lose();
    },
    closed: () => log.push("closed"),
  };
  const branches = new LlamaBranches(host, Int32Array.of(6, 4));
  return { branches, memory, log, state };
}

describe("LlamaBranches", () => {
  test("lays the trees of all branches out one after the other, each on ids of its own", async () => {
    const { branches, log } = await openBench();
    expect(branches.maxLeaves).toBe(7);
    await branches.evaluateTrees(TREES, NEVER);
    expect(log).toEqual(["tokens 1 2", "tree at 6, row 0, id 1", "tree at 4, row 1, id 8"]);
    branches.commit([NOTHING, undefined]);
    await branches.evaluateTrees([undefined, TREES[1]], NEVER);
    expect(log.slice(3)).toEqual(["tokens 2", "tree at 4, row 0, id 8"]);
  });

  test("after a failed pass nothing is left to drop, and nothing goes on", async () => {
    const { branches, memory, log, state } = await openBench();
    state.fails = true;
    await expect(branches.evaluateTrees(TREES, NEVER)).rejects.toThrow("decode failed");
    expect(branches.isLost).toBe(true);
    const { numCalls } = memory;
    expect(() => branches.commit([NOTHING, NOTHING])).toThrow(RangeError);
    await expect(branches.evaluateTrees(TREES, NEVER)).rejects.toThrow(RangeError);
    branches[Symbol.dispose]();
    expect(memory.numCalls).toBe(numCalls);
    expect(log.at(-1)).toBe("closed");
  });

  test("a memory that refuses to drop cells is cleared", async () => {
    const { branches, log, state } = await openBench();
    await branches.evaluateTrees(TREES, NEVER);
    branches.commit([NOTHING, NOTHING]);
    state.isRefusing = true;
    branches[Symbol.dispose]();
    expect(log.slice(-2)).toEqual(["cleared", "closed"]);
  });

  test("cannot be closed, committed or evaluated while a pass runs", async () => {
    const { branches } = await openBench();
    const pass = branches.evaluateTrees(TREES, NEVER);
    expect(() => branches[Symbol.dispose]()).toThrow(RangeError);
    expect(() => branches.commit([NOTHING, NOTHING])).toThrow(RangeError);
    await expect(branches.evaluateTrees(TREES, NEVER)).rejects.toThrow(RangeError);
    await pass;
    branches[Symbol.dispose]();
  });
});

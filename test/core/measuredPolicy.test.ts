/** The measured policy on machines that do not exist. */
import { describe, expect, test } from "vitest";
import { UNLIMITED_POLICY } from "../../src/core/budget/draftPolicy.ts";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { DraftTreeBuilder, ROOT, rootOnlyTree, sourceBit } from "../../src/core/tree/draftTree.ts";
import { DEFAULT_MAX_LOSS } from "../../src/core/tree/policyConstants.ts";
import { type DrafterPlan, MadeUpMachine, type TokenAt, VOCAB } from "../support/madeUpMachine.ts";

const codeLike: TokenAt = (position) => (7 * position + 3) % VOCAB;
const stairs = (numRows: number) => 10 * (1 + 0.4 * Math.ceil((numRows - 1) / 4));

describe("MeasuredPolicy", () => {
  test("expects what is realised, within 10 %, though the drafters' scores are wrong", async () => {
    for (const saysScore of [0.95, 0.4]) {
      const bench = new MadeUpMachine({
        passMs: stairs,
        tokenAt: codeLike,
        drafters: [{ source: "suffixMatch", hitRate: 0.7, saysScore, nodeMs: 0.01 }],
      });
      await bench.decode(bench.policy, 500);
      const stats = await bench.decode(bench.policy, 3000);
      const ratio = stats.expectedAcceptedTokens / stats.numAcceptedTokens;
      expect(Math.abs(ratio - 1), `scores of ${saysScore}`).toBeLessThan(0.1);
      expect(stats.numAcceptedTokens / stats.numSteps).toBeGreaterThan(1);
    }
  });

  test("costs nothing worth mentioning where nothing can be predicted", async () => {
    const bench = new MadeUpMachine({
      passMs: stairs,
      tokenAt: codeLike,
      drafters: [
        { source: "draftModel", hitRate: 0, saysScore: 0.9, nodeMs: 1 },
        { source: "suffixMatch", hitRate: 0, saysScore: 0.9, nodeMs: 0.05 },
        { source: "recycling", hitRate: 0, saysScore: 0.9, nodeMs: 0.05 },
      ],
    });
    const numTokens = 2000;
    await bench.decode(bench.policy, numTokens);
    const { share, ms } = DEFAULT_MAX_LOSS;
    const maxMs = (1 + share) * numTokens * stairs(1) + ms;
    const oneStepMs = stairs(1) + 8 * 1.1;
    expect(bench.now).toBeLessThan(maxMs + oneStepMs);
  });

  test("stops all drafters where what they bring together does not pay for fusing them, and none where it does", async () => {
    const run = async (sharedMs: number) => {
      const bench = new MadeUpMachine({
        sharedMs,
        passMs: stairs,
        tokenAt: codeLike,
        drafters: [
          { source: "suffixMatch", hitRate: 0.45, saysScore: 0.5, nodeMs: 0.01 },
          { source: "recycling", hitRate: 0.35, saysScore: 0.4, nodeMs: 0.01 },
        ],
      });
      await bench.decode(bench.policy, 1000);
      const start = bench.now;
      const { bySource, numSteps } = await bench.decode(bench.policy, 3000);
      const numProposed = bySource.suffixMatch.numProposed + bySource.recycling.numProposed;
      const speed = (3000 * stairs(1)) / (bench.now - start);
      return { speed, perStep: numProposed / numSteps };
    };
    const cheap = await run(2);
    expect(cheap.speed).toBeGreaterThan(1.15);
    expect(cheap.perStep).toBeGreaterThan(4);
    const dear = await run(8);
    expect(dear.speed).toBeGreaterThan(0.97);
    expect(dear.perStep).toBeLessThan(2);
  });

  test("is no slower than verifying everything that is drafted, and faster where rows are dear", async () => {
    const drafters: DrafterPlan[] = [
      { source: "suffixMatch", hitRate: 0.9, saysScore: 0.8, nodeMs: 0.01 },
      { source: "recycling", hitRate: 0.3, saysScore: 0.5, nodeMs: 0.01 },
    ];
    for (const passMs of [() => 10, stairs, (numRows: number) => 4 + 6 * numRows]) {
      const machine = { passMs, tokenAt: codeLike, drafters };
      const numTokens = 12_000;
      const sum = { all: 0, measured: 0 };
      for (let seed = 0; seed < 6; seed++) {
        const all = new MadeUpMachine(machine, seed);
        await all.decode(UNLIMITED_POLICY, numTokens / 6);
        const measured = new MadeUpMachine(machine, seed);
        await measured.decode(measured.policy, numTokens / 6);
        sum.all += all.now;
        sum.measured += measured.now;
      }
      // Plain steps that are made to know what they take are 1.6 % of all, and bring a token each.
      expect(sum.measured).toBeLessThan(1.035 * sum.all);
      expect(sum.measured).toBeLessThan(1.02 * numTokens * passMs(1));
    }
  });

  test("leaves out a draft model that is right but too slow, and uses one that is not", async () => {
    const run = async (nodeMs: number) => {
      const bench = new MadeUpMachine({
        passMs: stairs,
        tokenAt: codeLike,
        drafters: [{ source: "draftModel", hitRate: 0.8, saysScore: 0.8, nodeMs }],
      });
      await bench.decode(bench.policy, 300);
      const { bySource, numSteps } = await bench.decode(bench.policy, 1000);
      return bySource.draftModel.numProposed / numSteps;
    };
    expect(await run(0.3)).toBeGreaterThan(2);
    expect(await run(12)).toBeLessThan(0.3);
  });

  test("comes back to a drafter once it is right again", async () => {
    let hitRate = 0;
    const plan = { source: "suffixMatch", saysScore: 0.8, nodeMs: 0.2 } as const;
    const bench = new MadeUpMachine({
      passMs: stairs,
      tokenAt: codeLike,
      drafters: [
        {
          ...plan,
          get hitRate() {
            return hitRate;
          },
        },
      ],
    });
    await bench.decode(bench.policy, 500);
    hitRate = 0.9;
    await bench.decode(bench.policy, 3000);
    const { numAcceptedTokens, numSteps } = await bench.decode(bench.policy, 500);
    expect(numAcceptedTokens / numSteps).toBeGreaterThan(1);
  });

  test("a long stop of the host, once, rules nothing out", async () => {
    const bench = new MadeUpMachine({
      passMs: stairs,
      tokenAt: codeLike,
      hostMs: (step) => (step === 60 ? 3000 : 0.1),
      drafters: [{ source: "suffixMatch", hitRate: 0.6, saysScore: 0.6, nodeMs: 0.01 }],
    });
    await bench.decode(bench.policy, 400);
    const stats = await bench.decode(bench.policy, 400);
    expect(stats.numAcceptedTokens / stats.numSteps).toBeGreaterThan(0.5);
  });

  test("finds out that rows are dearer than was measured, though drafts come in every step", async () => {
    const bench = new MadeUpMachine({
      passMs: (numRows) => 10 + 6 * (numRows - 1),
      believedMs: (numRows) => 10 + 2 * (numRows - 1),
      tokenAt: codeLike,
      drafters: [{ source: "suffixMatch", hitRate: 0.35, saysScore: 0.5, nodeMs: 0.01 }],
    });
    const numTokens = 6000;
    await bench.decode(bench.policy, numTokens);
    expect((10 * numTokens) / bench.now).toBeGreaterThan(0.94);
  });

  test("finds out that passes are slower where the host drafts between them", async () => {
    const run = async (slowdown: number) => {
      const bench = new MadeUpMachine({
        passMs: (numRows, hasDrafted) => stairs(numRows) * (hasDrafted ? slowdown : 1),
        tokenAt: codeLike,
        drafters: [{ source: "suffixMatch", hitRate: 0.55, saysScore: 0.5, nodeMs: 0.01 }],
      });
      await bench.decode(bench.policy, 2000);
      const start = bench.now;
      await bench.decode(bench.policy, 4000);
      return (4000 * stairs(1)) / (bench.now - start);
    };
    expect(await run(1.1)).toBeGreaterThan(1.25);
    // Against passes that are as slow, drafts would seem to pay as before.
    expect(await run(1.7)).toBeGreaterThan(0.95);
  });

  test("drafts that pay go on where the machine is slower than when it was measured", async () => {
    for (const slowdown of [1.3, 1.6]) {
      const bench = new MadeUpMachine({
        passMs: (numRows) => slowdown * stairs(numRows),
        believedMs: stairs,
        tokenAt: codeLike,
        drafters: [{ source: "suffixMatch", hitRate: 0.6, saysScore: 0.6, nodeMs: 0.01 }],
      });
      const { bySource, numSteps } = await bench.decode(bench.policy, 150);
      expect(bySource.suffixMatch.numProposed / numSteps, `slower ${slowdown}`).toBeGreaterThan(3);
    }
  });

  test("soon finds out that plain passes were measured as twice as slow as they are", async () => {
    const passMs = (numRows: number) => 10 * numRows;
    const bench = new MadeUpMachine({
      passMs,
      believedMs: (numRows) => (numRows === 1 ? 20 : passMs(numRows)),
      tokenAt: codeLike,
      drafters: [{ source: "suffixMatch", hitRate: 0.6, saysScore: 0.6, nodeMs: 0.01 }],
    });
    await bench.decode(bench.policy, 500);
    expect((500 * 10) / bench.now).toBeGreaterThan(0.8);
  });

  test("drafters that promise little and keep more are used", async () => {
    const bench = new MadeUpMachine({
      passMs: stairs,
      tokenAt: codeLike,
      drafters: [{ source: "recycling", hitRate: 0.95, saysScore: 0.3, nodeMs: 0.01 }],
    });
    await bench.decode(bench.policy, 300);
    const { numAcceptedTokens, numSteps } = await bench.decode(bench.policy, 500);
    expect(numAcceptedTokens / numSteps).toBeGreaterThan(2);
  });

  test("a step that was aborted after its plan teaches nothing", () => {
    const cost = new PassCostTable([{ numRows: 1, ms: 10 }], 16);
    const policy = new MeasuredPolicy(cost);
    const source = "suffixMatch";
    const limits = { maxNodes: 8, maxBranches: 8, maxDepth: 8 };
    const drafted = new DraftTreeBuilder(1);
    drafted.add(ROOT, 2, { score: 0.9, source: sourceBit(source) });
    policy.plan(drafted.finish(), limits);
    const counts = () => policy.acceptance.counts;
    const before = counts();
    policy.started();
    policy.learn({
      plan: { tree: rootOnlyTree(1), expectedAccepted: 0 },
      committed: Int32Array.of(2),
      numKept: 1,
      evaluateMs: 10,
      hostMs: 0,
      hasDrafted: false,
      draftingMs: 0,
    });
    expect(counts()).toEqual(before);
  });

  test("a draft model is wanted while it may pay: unseen, or by what its passes take and hit", () => {
    const steep = [
      { numRows: 1, ms: 40 },
      { numRows: 2, ms: 65 },
      { numRows: 4, ms: 110 },
      { numRows: 8, ms: 205 },
    ];
    const flat = steep.map(({ numRows }) => ({ numRows, ms: 40 }));
    const limits = { maxNodes: 8, maxBranches: 8, maxDepth: 60 };
    for (const [points, passMs, pays] of [
      [steep, 14, false],
      [flat, 14, true],
      [flat, 60, false],
    ] as const) {
      const policy = new MeasuredPolicy(new PassCostTable(points, 16));
      policy.started();
      // Nothing is known of its passes yet.
      expect(policy.isWanted("draftModel")).toBe(true);
      expect(policy.tokensToRead(100, 60)).toBeGreaterThan(0);
      policy.hasRead(100, 500);
      policy.budgetFor("draftModel", limits).worth!.pace.recordPass(1, passMs);
      for (let step = 0; step < 200; step++) policy.budgetFor("draftModel", limits);
      expect(policy.isWanted("draftModel")).toBe(pays);
      // Who lets drafts lose more wants it no less.
      policy.maxLossShare = 100;
      expect(policy.isWanted("draftModel")).toBe(pays);
      policy.maxLossShare = DEFAULT_MAX_LOSS.share;
      expect(policy.isWanted("suffixMatch")).toBe(true);
      expect(policy.budgetFor("draftModel", limits).maxNodes > 0).toBe(pays);
      expect(policy.tokensToRead(5, 60) > 0).toBe(pays);
    }
  });

  test("tokens behind the output's end are no gain, and what was aborted is a loss", () => {
    const flat = [1, 16].map((numRows) => ({ numRows, ms: 40 }));
    const tree = new DraftTreeBuilder(1);
    for (let depth = 0; depth < 8; depth++) tree.add(depth, 2, { score: 0.9, source: 1 });
    const plan = { tree: tree.finish(), expectedAccepted: 7 };
    const committed = new Int32Array(9).fill(2);
    const times = { evaluateMs: 40, hostMs: 0, hasDrafted: true, draftingMs: 20 };
    const draftsAfter = (numKept: number) => {
      const policy = new MeasuredPolicy(new PassCostTable(flat, 16));
      for (let generation = 0; generation < 20; generation++) {
        policy.started();
        policy.learn({ plan, committed, numKept, ...times });
        policy.ended(1);
      }
      return policy.started();
    };
    expect(draftsAfter(9)).toBe(true);
    expect(draftsAfter(1)).toBe(false);
    const policy = new MeasuredPolicy(new PassCostTable(flat, 16));
    policy.spent(DEFAULT_MAX_LOSS.ms + 1);
    expect(policy.started()).toBe(false);
  });

  test("has a draft model judge what others drafted, and draft on for less where that is sure", () => {
    const flat = [1, 16].map((numRows) => ({ numRows, ms: 40 }));
    const policy = new MeasuredPolicy(new PassCostTable(flat, 16));
    const limits = { maxNodes: 8, maxBranches: 8, maxDepth: 60 };
    const beside = (score: number) => {
      const draft = new DraftTreeBuilder(1);
      draft.add(ROOT, 2, { score, source: sourceBit("suffixMatch") });
      return policy.budgetFor("draftModel", limits, draft.finish());
    };
    policy.budgetFor("draftModel", limits).worth!.pace.recordPass(1, 10);
    for (const score of [0.95, 0.2]) {
      const { maxNodes, others, worth } = beside(score);
      expect(maxNodes).toBe(8);
      expect(others?.scores[1]).toBeCloseTo(score, 1);
      expect(worth?.missRate).toBeCloseTo(1 - score, 1);
    }
    expect(policy.budgetFor("suffixMatch", limits).others).toBeUndefined();
  });
});

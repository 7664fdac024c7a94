/** Outputs that are another text than plain's: what is left out of the speeds, what is judged, and what is said. */
import { describe, expect, test } from "vitest";
import type { DecodeRun } from "../../src/bench/speed/benchDecoder.ts";
import { runWarnings } from "../../src/bench/speed/benchWarnings.ts";
import { exceedsNearTieRate, losslessFigures } from "../../src/bench/speed/losslessFigures.ts";
import { BenchHarness, MAX_TOKENS } from "../support/benchHarness.ts";
import { GAIN_REPORT } from "../support/benchReports.ts";

/** Changes one token, which parts the outputs, and decodes at lightning speed from there. */
function part(run: DecodeRun): DecodeRun {
  const tokens = run.tokens.with(3, (run.tokens[3]! + 1) % 60);
  return { ...run, tokens, decodeMs: run.decodeMs / 100 };
}

/** Applies a change to the first runs only; one warm-up comes before those that are measured. */
function firstRuns(numRuns: number, change: (run: DecodeRun) => DecodeRun) {
  let left = 1 + numRuns;
  return (run: DecodeRun) => (left-- > 0 ? change(run) : run);
}

function loop(run: DecodeRun): DecodeRun {
  return { ...run, tokens: run.tokens.map((_, index) => index % 2), decodeMs: run.decodeMs / 100 };
}

describe("after a near tie", () => {
  test("a prompt is in no speed of its configuration, and the row says so", async () => {
    const harness = new BenchHarness();
    harness.maxGap = 10;
    const { row, figures } = await harness.run([
      harness.plain(),
      harness.own("fused", firstRuns(3, part)),
      harness.speculative("recycling", []),
    ]);
    expect(row("fused")).toMatchObject({
      ratioToPlain: { ratio: 1, low: 1, high: 1 },
      numPrompts: 5,
      tokens: 5 * (MAX_TOKENS - 1),
      numLeftOut: 3,
      nearTies: 3,
      differingTokens: 0,
      isComparable: true,
    });
    expect(figures?.fusedOver["recycling"]).toEqual({ ratio: 1, low: 1, high: 1 });
    // What is left out of one row is in the others'.
    expect(row("recycling")).toMatchObject({ numPrompts: 8, numLeftOut: 0 });
  });

  test("it is in no pair of the other configuration either", async () => {
    const harness = new BenchHarness();
    harness.maxGap = 10;
    const { figures } = await harness.run([
      harness.plain(),
      harness.speculative("fused", []),
      harness.own("recycling", firstRuns(5, part)),
    ]);
    expect(figures?.fusedOver["recycling"]).toEqual({ ratio: 1, low: 1, high: 1 });
    expect(figures?.fusedOver["plain"]?.ratio).toBe(1);
  });

  test("both logits are kept for each, in the order of the prompts", async () => {
    const harness = new BenchHarness();
    harness.maxGap = 10;
    const { figures, run } = await harness.run([
      harness.plain(),
      harness.own("fused", firstRuns(2, part)),
    ]);
    expect(figures?.differences).toHaveLength(2);
    for (const [prompt, difference] of (figures?.differences ?? []).entries()) {
      const plainToken = run.prompts[prompt]?.runs.get("plain")?.tokens[3];
      expect(difference).toMatchObject({ config: "fused", prompt, index: 3, isNearTie: true });
      expect(difference.plainToken).toBe(plainToken);
      expect(difference.otherToken).toBe((plainToken! + 1) % 60);
      expect(difference.plainLogit).toBeGreaterThan(difference.otherLogit);
    }
  });

  test("where every output parts there is no speed", async () => {
    const harness = new BenchHarness();
    harness.maxGap = 10;
    const { figures } = await harness.run([harness.plain(), harness.own("fused", part)]);
    expect(figures?.unmeasured).toMatchObject([{ name: "fused", numLeftOut: 8, nearTies: 8 }]);
  });
});

describe("a loop of its own", () => {
  test("is found in each output, and is in no speed", async () => {
    const harness = new BenchHarness();
    const { row } = await harness.run([
      harness.plain(),
      harness.peer("peer:draft", firstRuns(2, loop)),
    ]);
    expect(row("peer:draft")).toMatchObject({
      ratioToPlain: { ratio: 1 },
      numPrompts: 6,
      numLeftOut: 2,
      loopShare: 2 / 8,
    });
    expect(row("plain")).toMatchObject({ loopShare: 0, numLeftOut: 0 });
  });
});

describe("losslessFigures", () => {
  async function runWith(numTies: number, peerTies: number) {
    const harness = new BenchHarness();
    harness.maxGap = 10;
    const { run } = await harness.run([
      harness.plain(),
      harness.own("fused", firstRuns(numTies, part)),
      harness.speculative("recycling", []),
      harness.peer("peer:draft", firstRuns(peerTies, part)),
    ]);
    return run;
  }
  const NUM_TOKENS = 2 * 8 * MAX_TOKENS;
  /** What follows a near tie is compared with nothing: `part` leaves the text at its fourth token. */
  const numCompared = (numTies: number) => NUM_TOKENS - numTies * (MAX_TOKENS - 4);

  test("counts our own outputs over all suites, neither plain's nor the peers'", async () => {
    const runs = [await runWith(1, 4), await runWith(2, 0)];
    expect(losslessFigures(runs, 0.01)).toEqual({
      tokens: numCompared(1) + numCompared(2),
      differingTokens: 0,
      nearTies: 3,
      maxNearTieRate: 0.01,
    });
  });

  test("more near ties than are forgiven are the first thing to be read", async () => {
    const judge = async (numTies: number, maxNearTies: number) =>
      losslessFigures([await runWith(numTies, 0)], maxNearTies / numCompared(numTies));
    const warningsOf = (lossless: Awaited<ReturnType<typeof judge>>) =>
      runWarnings({ ...GAIN_REPORT, isComplete: false, lossless }, {});
    const forgiven = await judge(2, 2);
    expect(exceedsNearTieRate(forgiven)).toBe(false);
    expect(warningsOf(forgiven).join()).not.toContain("near ties");
    const failed = await judge(2, 1);
    expect(exceedsNearTieRate(failed)).toBe(true);
    expect(warningsOf(failed)[0]).toMatch(/^2 near ties in 344 tokens of ours are more than the/);
  });
});

describe("the time to the first line", () => {
  const faster = (factor: number) => (run: DecodeRun) => ({
    ...run,
    tokenMs: run.tokenMs.map((ms) => ms / factor),
  });

  test("is compared, and said where it is a loss against plain or the better peer", async () => {
    const harness = new BenchHarness();
    const { figures, warnings } = await harness.run([
      harness.plain(),
      harness.peer("peer:draft", faster(2)),
      harness.peer("peer:lookup", faster(4)),
      harness.own("fused", faster(1 / 1.5)),
    ]);
    expect(figures?.fusedFirstLineOver["plain"]?.ratio).toBeCloseTo(1 / 1.5);
    expect(figures?.fusedFirstLineOver["peer:draft"]?.ratio).toBeCloseTo(1 / 3);
    expect(figures?.fusedFirstLineOver["peer:lookup"]?.ratio).toBeCloseTo(1 / 6);
    const late = warnings.filter((text) => text.includes("LATER"));
    expect(late).toEqual([
      expect.stringMatching(
        /^fakes: the first line of fused comes LATER than that of plain: 0\.67× /,
      ),
      expect.stringMatching(
        /^fakes: the first line of fused comes LATER than that of peer:lookup: 0\.17× /,
      ),
    ]);
  });

  test("is no loss where it comes as early", async () => {
    const harness = new BenchHarness();
    const { figures, warnings } = await harness.run([
      harness.plain(),
      harness.peer("peer:draft", faster(0.5)),
      harness.speculative("fused", []),
    ]);
    expect(figures?.fusedFirstLineOver["plain"]?.ratio).toBe(1);
    expect(figures?.fusedFirstLineOver["peer:draft"]?.low).toBeGreaterThan(1);
    expect(warnings.join()).not.toContain("LATER");
  });
});

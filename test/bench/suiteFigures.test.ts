import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BenchConfig, DecodeRun } from "../../src/bench/speed/benchDecoder.ts";
import type { DraftTree } from "../../src/core/tree/draftTree.ts";
import {
  BenchHarness,
  LINE_TOKENS,
  MAX_TOKENS,
  PROMPT_MS,
  passMs,
  randomPrompts,
} from "../support/benchHarness.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

type OutputKind = "sound" | "loops" | "short";

/** Prompts whose plain outputs are of these kinds, and plain decoding that makes them so. */
function promptsOfKinds(harness: BenchHarness, kinds: readonly OutputKind[]) {
  const prompts = [...randomPrompts(kinds.length)];
  const plain = harness.plain();
  const inner = plain.decoders[0]!;
  const change: Record<OutputKind, (run: DecodeRun) => DecodeRun> = {
    sound: (run) => run,
    loops: (run) => ({ ...run, tokens: run.tokens.map((_, index) => index % 2) }),
    short: (run) => ({ ...run, tokens: run.tokens.subarray(0, 7) }),
  };
  const config: BenchConfig = {
    ...plain,
    decoders: [
      {
        ...inner,
        async decode(prompt, maxTokens, signal) {
          const at = prompts.findIndex(({ context }) => context === prompt);
          return change[kinds[at]!](await inner.decode(prompt, maxTokens, signal));
        },
      },
    ],
  };
  return { prompts, configs: [config] };
}

describe("suiteFigures", () => {
  test("gives the ratio, the acceptance and what t(n) allows, as they can be reckoned by hand", async () => {
    const harness = new BenchHarness();
    // Three right tokens and the bonus in a pass of four rows.
    const { row, figures } = await harness.run([
      harness.plain(),
      harness.speculative("fused", [harness.oracle(2)]),
    ]);
    const fused = row("fused");
    // Five passes of four tokens after the first, 2 ms of drafting in each; plain takes 23 of one row.
    expect(fused?.ratioToPlain.ratio).toBeCloseTo(20 / (5 * (passMs(4) + 2)) / (1 / passMs(1)));
    // The prompt's seven tokens, then two passes: four tokens each, and five in the line.
    expect(fused?.firstLineMs).toBe(7 * PROMPT_MS + 2 * (passMs(4) + 2));
    expect(fused?.plainFirstLineMs).toBe(7 * PROMPT_MS + LINE_TOKENS * passMs(1));
    expect(fused?.firstLineToPlain.ratio).toBeCloseTo((14 + 50) / (14 + 30));
    expect([fused?.speedComparison, fused?.firstLineComparison]).toEqual(["faster", "faster"]);
    expect(fused).toMatchObject({
      numPrompts: 8,
      tokens: 8 * (MAX_TOKENS - 4),
      meanAcceptanceLength: 4,
      expectedAcceptanceLength: null,
      hostMsPerStep: 2,
      loopShare: 0,
      verbatimShare: 0.25,
      differingTokens: 0,
      nearTies: 0,
      isComparable: true,
    });
    expect(fused?.modelledRatio).toBeCloseTo((4 * passMs(1)) / passMs(4));
    expect(fused?.ttftMs.p50).toBe(7 * 2 + 2 + passMs(4));
    expect(fused?.bySource.draftModel).toMatchObject({
      proposed: 8 * 6 * 3,
      verified: 8 * 6 * 3,
      accepted: 8 * 6 * 3,
      verifiedByDepth: [0, 48, 48, 48],
      acceptedByDepth: [0, 48, 48, 48],
      msPerPass: 2,
      tokensPerPassLost: null,
    });
    expect(row("plain")).toMatchObject({ meanAcceptanceLength: 1, modelledRatio: 1, bySource: {} });
    expect(figures?.fusedOver["plain"]).toEqual(fused?.ratioToPlain);
  });

  test("says what is lost when a source is left out", async () => {
    const harness = new BenchHarness();
    const { row } = await harness.run([
      harness.plain(),
      harness.speculative("fused", [harness.oracle()]),
      harness.speculative("fused-draftModel", []),
    ]);
    expect(row("fused")?.bySource.draftModel?.tokensPerPassLost).toBe(3);
  });

  test("tells the expected from the realised acceptance where a policy calibrates", async () => {
    const harness = new BenchHarness();
    const policy = {
      isWanted: () => true,
      isDrafting: true,
      started: () => true,
      spent() {},
      tokensToRead: () => 0,
      hasRead() {},
      budgetFor: () => ({ maxNodes: 3, maxDepth: 3, minSurvival: 0 }),
      plan: (tree: DraftTree) => ({ tree, expectedAccepted: 2.5 }),
      learn() {},
      ended() {},
    };
    const { row } = await harness.run([
      harness.plain(),
      harness.speculative("fused", [harness.oracle()], { policy }),
    ]);
    expect(row("fused")).toMatchObject({
      meanAcceptanceLength: 4,
      expectedAcceptanceLength: 3.5,
    });
  });
});

describe("planted lies", () => {
  test("a slow drafter shows in its row and is named", async () => {
    const harness = new BenchHarness();
    const { row, warnings } = await harness.run([
      harness.plain(),
      harness.speculative("fused", [harness.oracle(2)]),
      harness.speculative("draftModel", [harness.oracle(80)]),
    ]);
    const slow = row("draftModel");
    expect(slow?.hostMsPerStep).toBe(80);
    expect(slow?.ratioToPlain.high).toBeLessThan(0.6);
    expect(slow?.warnings).toEqual([
      expect.stringMatching(/^The drafter draftModel costs 80\.00 ms per pass and saves 30\.00 ms/),
    ]);
    expect(warnings).toContainEqual(expect.stringContaining("draftModel costs 80.00 ms"));
    // The same drafter at its usual pace is no finding.
    expect(row("fused")?.warnings).toEqual([]);
  });

  test("a peer with other stop rules is marked, and beats nobody", async () => {
    const harness = new BenchHarness();
    const stopsEarly = harness.peer("peer:lookup", (run) => ({
      ...run,
      tokens: run.tokens.subarray(0, 6),
      decodeMs: 1,
    }));
    const { row, figures, warnings } = await harness.run([
      harness.plain(),
      stopsEarly,
      harness.speculative("fused", []),
    ]);
    expect(row("peer:lookup")).toMatchObject({ isComparable: false });
    expect(row("peer:lookup")?.ratioToPlain.ratio).toBeGreaterThan(10);
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /peer:lookup: It generates another number of tokens than plain at 8 of 8/,
      ),
    );
    expect(warnings.join("\n")).not.toContain("fused is slower than peer:lookup");
    expect(figures?.fusedOver["peer:lookup"]?.high).toBeLessThan(1);
  });

  test("a peer that says something else is found out", async () => {
    const harness = new BenchHarness();
    const lies = harness.peer("peer:draft", (run) => ({
      ...run,
      tokens: run.tokens.with(3, (run.tokens[3]! + 1) % 60),
    }));
    const { row, warnings } = await harness.run([harness.plain(), lies]);
    expect(row("peer:draft")).toMatchObject({ differingTokens: 8, isComparable: true });
    expect(warnings.join("\n")).toContain("8 of its tokens differ from plain's");
    expect(warnings.join("\n")).not.toContain("NOT LOSSLESS");
  });

  test("one of ours that says something else is the first thing to be read, and compares nothing", async () => {
    const harness = new BenchHarness();
    const lies = harness.own("fused", (run) => ({
      ...run,
      tokens: run.tokens.with(3, (run.tokens[3]! + 1) % 60),
      decodeMs: run.decodeMs * 2,
    }));
    const { row, warnings } = await harness.run([harness.plain(), lies]);
    expect(warnings[0]).toBe("fakes: fused is NOT LOSSLESS, so no speed counts.");
    expect(warnings.join("\n")).not.toContain("SLOWER");
    expect(row("fused")).toMatchObject({ differingTokens: 8, isComparable: false });
  });

  test("one of ours that is wrong before there is a speed is not overlooked", async () => {
    const harness = new BenchHarness();
    // All of it comes with the first pass, and is something else.
    const lies = harness.own("fused", (run) => ({
      ...run,
      tokens: run.tokens.with(3, (run.tokens[3]! + 1) % 60),
      numFirstTokens: run.tokens.length,
    }));
    const { figures, warnings } = await harness.run([harness.plain(), lies]);
    expect(figures?.unmeasured).toMatchObject([{ name: "fused", differingTokens: 8 }]);
    expect(warnings[0]).toBe("fakes: fused is NOT LOSSLESS, so no speed counts.");
  });

  test("a workspace of loops has no headline, and says so", async () => {
    const harness = new BenchHarness((history) => {
      const next = ((history.at(-1) ?? 0) % 3) + 1;
      return Float32Array.from({ length: 64 }, (_, token) => (token === next ? 5 : 0));
    });
    const { figures, warnings } = await harness.run([
      harness.plain(),
      harness.speculative("fused", [harness.oracle()]),
    ]);
    expect(figures).toMatchObject({ numPrompts: 0, configs: [], fusedOver: {} });
    expect(figures?.numLooping).toBeGreaterThan(10);
    expect(figures?.unmeasured).toMatchObject([
      { name: "plain", loopShare: 1 },
      { name: "fused", loopShare: 1 },
    ]);
    expect(warnings).toEqual([
      `fakes: nothing was measured: outputs that loop: ${figures?.numLooping}, that end too soon to be measured: 0; ` +
        "prompts used to warm up: 0. More prompts, other code or another target may bring some.",
    ]);
  });

  test("says how many outputs loop, are too short, or went to the warm-up, whatever there is of each", async () => {
    const kinds = fc.array(fc.constantFrom<OutputKind[]>("sound", "loops", "short"), {
      maxLength: 16,
    });
    await fc.assert(
      fc.asyncProperty(kinds, async (kindOf) => {
        const sounds = kindOf.flatMap((kind, index) => (kind === "sound" ? [index] : []));
        // Those passed over for a warm-up count only where no more was found.
        const counted = kindOf.slice(sounds.length < 2 ? 0 : sounds[1]! + 1);
        const numOf = (kind: string) => counted.filter((one) => one === kind).length;
        const harness = new BenchHarness();
        const { configs, prompts } = promptsOfKinds(harness, kindOf);
        const params = { prompts, numPrompts: 20, maxWarmups: 2, minTokens: 8 };
        const { run, warnings } = await harness.run(configs, params);
        const numWarmups = Math.min(2, sounds.length);
        const numMeasured = sounds.length - numWarmups;
        expect(run.prompts).toHaveLength(numMeasured);
        expect(warnings[0]).toMatch(
          numMeasured === 0
            ? /^fakes: nothing was measured: /
            : new RegExp(`^fakes: no more than ${numMeasured} prompts were found: `),
        );
        expect(warnings[0]).toContain(
          `outputs that loop: ${numOf("loops")}, that end too soon to be measured: ${numOf("short")}; prompts used to ` +
            `warm up: ${numWarmups}. More prompts`,
        );
      }),
      { numRuns: NUM_RUNS / 4 },
    );
  });

  test("loops among other outputs are replaced and counted", async () => {
    const sound = new BenchHarness().logitsOf;
    const harness = new BenchHarness((history) => {
      if (history[0]! % 4 !== 0) return sound(history);
      return Float32Array.from({ length: 64 }, (_, token) => (token === 1 ? 5 : 0));
    });
    const { figures, row } = await harness.run([harness.plain()]);
    expect(figures?.numPrompts).toBe(8);
    expect(figures?.numLooping).toBeGreaterThan(1);
    expect(row("plain")?.loopShare).toBeCloseTo(figures!.numLooping / (8 + figures!.numLooping));
  });

  test("loops that were passed over for a warm-up are in no share", async () => {
    const sound = new BenchHarness().logitsOf;
    const prompts = [...randomPrompts(40)];
    const loopsFirst = prompts.slice(0, 6).map(({ context }) => context.promptTokens.join());
    const harness = new BenchHarness((history) => {
      if (!loopsFirst.includes(history.slice(0, 8).join())) return sound(history);
      return Float32Array.from({ length: 64 }, (_, token) => (token === 1 ? 5 : 0));
    });
    const { figures, row } = await harness.run([harness.plain()], { prompts });
    expect(figures).toMatchObject({ numPrompts: 8, numLooping: 0 });
    expect(row("plain")?.loopShare).toBe(0);
  });

  test("a loss is said first", async () => {
    const harness = new BenchHarness();
    const { warnings } = await harness.run([
      harness.plain(),
      harness.speculative("fused", [harness.oracle(100)]),
      harness.speculative("draftModel", [harness.oracle(2)]),
    ]);
    expect(warnings[0]).toMatch(/^fakes: fused is SLOWER than plain decoding: 0\.\d\d×/);
    expect(warnings[1]).toMatch(/^fakes: fused is slower than draftModel: 0\.\d\d×/);
  });
});

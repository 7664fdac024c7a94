import { describe, expect, test } from "vitest";
import type { BenchConfig, DecodeRun, Decoder } from "../../src/bench/benchDecoder.ts";
import type { BenchPrompt } from "../../src/bench/benchRunner.ts";
import { BenchHarness, randomPrompts } from "../support/benchHarness.ts";

const SIX_OF_TEN = { numPrompts: 4, numWarmups: 6, minWarmups: 2 };

/** One of ours, and a peer with several settings; both note which prompts they decode. */
function watchedPair(harness: BenchHarness) {
  const all = [...randomPrompts(40)];
  const seen = new Map<string, BenchPrompt["context"][]>();
  const watched = (name: string, addedMs = 0): Decoder => {
    const slowed = (run: DecodeRun) => ({ ...run, decodeMs: run.decodeMs + addedMs });
    const inner = harness.peer(name, slowed).decoders[0]!;
    return {
      ...inner,
      setting: name,
      decode(prompt, maxTokens, signal) {
        seen.set(name, [...(seen.get(name) ?? []), prompt]);
        return inner.decode(prompt, maxTokens, signal);
      },
    };
  };
  const ours: BenchConfig = { name: "fused", isPeer: false, decoders: [watched("ours")] };
  const peer: BenchConfig = {
    name: "peer:lookup",
    isPeer: true,
    decoders: [10, 0, 20].map((ms) => watched(`${ms} ms slower`, ms)),
    refine: () => [watched("refined by 5 ms", 5)],
  };
  const of = (start: number, end: number) => all.slice(start, end).map(({ context }) => context);
  return { contexts: { all, of }, ours, peer, seen: (name: string) => seen.get(name) };
}

describe("runSuite", () => {
  test("measures every configuration once per prompt, in turns, from equal caches", async () => {
    const harness = new BenchHarness();
    const configs = [harness.plain(), harness.speculative("a", []), harness.speculative("b", [])];
    const { run, row } = await harness.run(configs, { numPrompts: 6, numWarmups: 0, minTokens: 0 });
    const rounds = Array.from({ length: 6 }, (_, round) =>
      harness.journal.slice(round * 3, round * 3 + 3),
    );
    for (const round of rounds) expect(round.toSorted()).toEqual(["a", "b", "plain"]);
    // Each stands first and last as often as the others.
    for (const place of [0, 2]) {
      const names = rounds.map((round) => round[place]);
      expect(names.toSorted()).toEqual(["a", "a", "b", "b", "plain", "plain"]);
    }
    expect(run).toMatchObject({ isComplete: true, numShort: 0 });
    // Nobody found the prompt in the cache, and nobody decodes faster than the others.
    const ttfts = configs.map(({ name }) => row(name)?.ttftMs.p50);
    expect(new Set(ttfts)).toEqual(new Set([7 * 2 + 10]));
    expect(row("a")?.ratioToPlain).toEqual({ median: 1, low: 1, high: 1 });
  });

  test("takes the fastest of several decoders, refined, and says what it tried", async () => {
    const harness = new BenchHarness();
    const slowedBy = (ms: number): Decoder => {
      const [decoder] = harness.peer("x", (run) => ({
        ...run,
        decodeMs: run.decodeMs + ms,
      })).decoders;
      return { ...decoder!, setting: `${ms} ms slower` };
    };
    const refinedFrom: string[] = [];
    const peer = {
      name: "peer:lookup",
      isPeer: true,
      decoders: [slowedBy(50), slowedBy(20)],
      refine(best: Decoder) {
        refinedFrom.push(best.setting);
        return [slowedBy(70), slowedBy(10), slowedBy(30)];
      },
    };
    const { row } = await harness.run([harness.plain(), peer], { numWarmups: 2 });
    expect(refinedFrom).toEqual(["20 ms slower"]);
    expect(row("peer:lookup")).toMatchObject({ setting: "10 ms slower", numPrompts: 8 });
    expect(row("peer:lookup")?.tried.map(({ setting }) => setting)).toEqual(
      [50, 20, 70, 10, 30].map((ms) => `${ms} ms slower`),
    );
    // One setting is no choice.
    expect(row("plain")?.tried).toEqual([]);
  });

  test("tries every setting of a peer on all prompts that ours learns from, and never on those that are measured", async () => {
    const harness = new BenchHarness();
    const { contexts, ours, peer, seen } = watchedPair(harness);
    await harness.run([harness.plain(), ours, peer], { prompts: contexts.all, ...SIX_OF_TEN });
    const warmups = contexts.of(0, 6);
    expect(seen("ours")).toEqual(contexts.of(0, 10));
    expect(seen("0 ms slower")).toEqual(contexts.of(0, 10));
    for (const setting of ["10 ms slower", "20 ms slower", "refined by 5 ms"]) {
      expect(seen(setting)).toEqual(warmups);
    }
  });

  test("takes the setting that is best over all of them, not over the first", async () => {
    const harness = new BenchHarness();
    const early = { name: "best at the first two", isSlow: (index: number) => index >= 2 };
    const late = { name: "best at the other four", isSlow: (index: number) => index < 2 };
    const decoders = [early, late].map(({ name, isSlow }) => {
      let index = 0;
      const slowed = (run: DecodeRun) => ({
        ...run,
        decodeMs: run.decodeMs * (isSlow(index++) ? 2 : 1),
      });
      return { ...harness.peer(name, slowed).decoders[0]!, setting: name };
    });
    const { row } = await harness.run(
      [harness.plain(), { name: "peer:lookup", isPeer: true, decoders }],
      SIX_OF_TEN,
    );
    expect(row("peer:lookup")?.setting).toBe("best at the other four");
  });

  test("where prompts are few, they are measured rather than learned from, by everybody alike", async () => {
    const harness = new BenchHarness();
    const { contexts, ours, peer, seen } = watchedPair(harness);
    const { run } = await harness.run([harness.plain(), ours, peer], {
      prompts: contexts.all.slice(0, 6),
      numPrompts: 8,
      numWarmups: 8,
      minWarmups: 2,
    });
    expect(run.prompts).toHaveLength(4);
    expect(seen("ours")).toEqual(contexts.of(0, 6));
    expect(seen("10 ms slower")).toEqual(contexts.of(0, 2));
  });

  test("replaces prompts whose plain output is over too soon", async () => {
    const harness = new BenchHarness();
    const end = 7;
    const plain = harness.plain();
    const [inner] = plain.decoders;
    const endsEarly: Decoder = {
      ...inner!,
      async decode(prompt, maxTokens, signal) {
        const run = await inner!.decode(prompt, maxTokens, signal);
        const isShort = prompt.promptTokens[0]! % 2 === 0;
        return isShort ? { ...run, tokens: run.tokens.subarray(0, end) } : run;
      },
    };
    const config = { ...plain, decoders: [endsEarly] };
    const { run } = await harness.run([config], { minTokens: end + 1, numPrompts: 8 });
    expect(run.prompts).toHaveLength(8);
    expect(run.numShort).toBeGreaterThan(2);
    for (const { runs } of run.prompts) {
      expect(runs.get("plain")?.tokens.length).toBeGreaterThan(end);
    }
    const few = await harness.run([config], {
      minTokens: end + 1,
      prompts: randomPrompts(6),
      numPrompts: 8,
    });
    expect(few.warnings).toContainEqual(expect.stringMatching(/^fakes: only \d of 8 prompts/));
  });

  test("an abort leaves the prompts that everybody finished", async () => {
    for (const numRuns of [1, 5, 6, 9]) {
      const harness = new BenchHarness();
      const controller = new AbortController();
      const configs = ["plain", "a", "b"].map((name) => {
        const config = name === "plain" ? harness.plain() : harness.speculative(name, []);
        const [inner] = config.decoders;
        const decode: Decoder["decode"] = (...args) => {
          if (harness.journal.length === numRuns) controller.abort();
          return inner!.decode(...args);
        };
        return { ...config, decoders: [{ ...inner!, decode }] };
      });
      const options = { numWarmups: 0, minTokens: 0 };
      const { run, figures } = await harness.run(configs, options, controller.signal);
      expect(run.isComplete).toBe(false);
      expect(run.prompts).toHaveLength(Math.floor(numRuns / 3));
      for (const { runs, comparisons } of run.prompts) {
        expect([runs.size, comparisons.size]).toEqual([3, 3]);
      }
      expect(figures?.numPrompts).toBe(run.prompts.length === 0 ? undefined : run.prompts.length);
    }
  });

  test("a peer that fails is left out with its reason, one of ours ends the benchmark", async () => {
    const fails = () => {
      throw new Error("out of memory");
    };
    const harness = new BenchHarness();
    const peer = harness.peer("peer:draft", fails);
    const { figures, warnings } = await harness.run([harness.plain(), peer]);
    expect(figures?.configs.map(({ name }) => name)).toEqual(["plain"]);
    expect(figures?.unmeasured).toEqual([
      {
        name: "peer:draft",
        setting: "as it likes",
        loopShare: null,
        numLeftOut: 0,
        differingTokens: 0,
        nearTies: 0,
        warnings: ["It was left out: out of memory"],
      },
    ]);
    expect(warnings).toContain("fakes: peer:draft: It was left out: out of memory");
    const own = { ...harness.peer("fused", fails), isPeer: false };
    await expect(harness.run([harness.plain(), own])).rejects.toThrow("out of memory");
  });

  test("says so where others used the machine meanwhile", async () => {
    const harness = new BenchHarness();
    // Two samples for the warm-up and for each prompt; during one of them others use half of both cores.
    const busyAt = async (part: number) => {
      let numSamples = 0;
      const sampleCpu = () => {
        const isBusy = numSamples++ >= 2 * part + 1;
        return { atMs: numSamples * 100, busyMs: isBusy ? 100 : 0, ownMs: 0, numCores: 2 };
      };
      return harness.run([harness.plain()], { numPrompts: 3, sampleCpu });
    };
    const inWarmup = await busyAt(0);
    expect(inWarmup.figures).toMatchObject({
      warmupOthersShare: 0.5,
      busyPrompts: 0,
      maxOthersShare: 0,
    });
    expect(inWarmup.warnings).toContain(
      "fakes: Others used up to 50 % of the cores while settings were tried.",
    );
    const inPrompt = await busyAt(2);
    expect(inPrompt.figures).toMatchObject({
      warmupOthersShare: 0,
      busyPrompts: 1,
      maxOthersShare: 0.5,
    });
    expect(inPrompt.warnings).toContain(
      "fakes: Others used up to 50 % of the cores at 1 of 3 prompts.",
    );
  });
});

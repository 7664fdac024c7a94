import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BenchConfig, DecodeRun, Decoder } from "../../src/bench/speed/benchDecoder.ts";
import type { BenchPrompt } from "../../src/bench/speed/benchRunner.ts";
import {
  BenchHarness,
  LINE_TOKENS,
  MAX_TOKENS,
  PROMPT_MS,
  passMs,
  randomPrompts,
} from "../support/benchHarness.ts";

const SIX_OF_TEN = { numPrompts: 4, maxWarmups: 6 };

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
  test("measures every configuration once per prompt, in turns, plain decoding first and last", async () => {
    const harness = new BenchHarness();
    const configs = [
      harness.plain(),
      harness.plainAgain(),
      ...["a", "b"].map((name) => harness.speculative(name, [])),
    ];
    const { run, row } = await harness.run(configs, { numPrompts: 4, maxWarmups: 0, minTokens: 0 });
    const rounds = Array.from({ length: 4 }, (_, round) =>
      harness.journal.slice(round * 4, round * 4 + 4),
    );
    expect(rounds).toEqual([
      ["plain", "a", "b", "plain again"],
      ["plain again", "b", "a", "plain"],
      ["plain", "b", "a", "plain again"],
      ["plain again", "a", "b", "plain"],
    ]);
    expect(run).toMatchObject({ ending: "prompts", numShort: 0 });
    // Whoever came first, all have the prompt's time, and nobody decodes faster than the others.
    const ttfts = configs.map(({ name }) => row(name)?.ttftMs.p50);
    expect(new Set(ttfts)).toEqual(new Set([7 * 2 + 10]));
    expect(row("a")?.ratioToPlain).toMatchObject({ ratio: 1 });
  });

  test("evaluates a prompt once, and gives its time to all of ours; a peer evaluates its own", async () => {
    const harness = new BenchHarness();
    const peer = harness.peer("peer:lookup", (run) => ({ ...run, promptMs: null }));
    const { run } = await harness.run(
      [harness.plain(), harness.plainAgain(), harness.speculative("fused", []), peer],
      { numPrompts: 5, maxWarmups: 0, minTokens: 0 },
    );
    const promptMs = 7 * PROMPT_MS;
    const decodeMs = MAX_TOKENS * passMs(1);
    // Four runs and one of the peer's, which shares its target with ours here.
    expect(harness.time.ms).toBe(5 * (4 * decodeMs + 2 * promptMs));
    for (const { runs, firstLineMs } of run.prompts) {
      for (const [name, { firstTokenMs, tokenMs }] of runs) {
        expect(firstTokenMs, name).toBe(promptMs + passMs(1));
        expect(tokenMs.at(-1)).toBe(promptMs + decodeMs);
        expect(firstLineMs.get(name)).toBe(promptMs + LINE_TOKENS * passMs(1));
      }
    }
  });

  test("a line that has no end is there when the output is", async () => {
    const harness = new BenchHarness();
    const { row } = await harness.run([harness.plain()], { firstLineLength: () => undefined });
    expect(row("plain")?.firstLineMs).toBe(7 * PROMPT_MS + MAX_TOKENS * passMs(1));
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
    const { row } = await harness.run([harness.plain(), peer], { maxWarmups: 2 });
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

  test("a cold start shows ours nothing that is not measured; a peer's settings are tried all the same", async () => {
    const harness = new BenchHarness();
    const { contexts, ours, peer, seen } = watchedPair(harness);
    const options = { prompts: contexts.all, ...SIX_OF_TEN, startsCold: true };
    await harness.run([harness.plain(), ours, peer], options);
    expect(seen("ours")).toEqual(contexts.of(6, 10));
    expect(seen("0 ms slower")).toEqual(contexts.of(0, 10));
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
    expect(few.run.ending).toBe("exhausted");
    expect(few.warnings).toContainEqual(
      expect.stringMatching(/^fakes: no more than \d prompts were found: /),
    );
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
      const options = { maxWarmups: 0, minTokens: 0 };
      const { run, figures } = await harness.run(configs, options, controller.signal);
      expect(run.ending).toBe("aborted");
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
      "fakes: Others used 50 % of the cores while everything was warmed up.",
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

describe("the time that there is", () => {
  const params = { numPrompts: undefined, minTokens: 0 };
  const PROMPT_TIME = 7 * PROMPT_MS + 3 * MAX_TOKENS * passMs(1);

  test("is kept within one prompt's time, however much it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40_000 }), async (deadlineMs) => {
        const harness = new BenchHarness();
        // Another text every time: nothing gets narrow.
        const noisy = harness.own("fused", (run) => ({
          ...run,
          decodeMs: run.decodeMs * (harness.journal.length % 2 === 0 ? 3 : 1),
        }));
        const configs = [harness.plain(), harness.plainAgain(), noisy];
        const { run } = await harness.run(configs, {
          ...params,
          prompts: randomPrompts(200),
          deadlineMs,
        });
        expect(run.ending).toBe("time");
        expect(run.prompts.length).toBeGreaterThan(0);
        // The first prompt is measured in any case, behind one to warm up.
        const atLeast = 2 * PROMPT_TIME;
        expect(harness.time.ms).toBeLessThanOrEqual(Math.max(deadlineMs, atLeast));
        expect(harness.time.ms).toBeGreaterThan(deadlineMs - 2 * PROMPT_TIME);
      }),
      { numRuns: 25 },
    );
  });

  test("is not used up where the bounds are narrow, but for prompts that were asked for", async () => {
    const measure = async (numPrompts: number | undefined) => {
      const harness = new BenchHarness();
      const configs = [harness.plain(), harness.plainAgain(), harness.speculative("fused", [])];
      const deadlineMs = 400 * PROMPT_TIME;
      const prompts = randomPrompts(500);
      const { run, row } = await harness.run(configs, { prompts, numPrompts, deadlineMs });
      return { run, row, share: harness.time.ms / deadlineMs };
    };
    const { run, row, share } = await measure(undefined);
    expect(run.ending).toBe("narrow");
    expect(share).toBeGreaterThan(1 / 8);
    expect(share).toBeLessThan(1 / 7);
    const { low, high } = row("fused")!.firstLineToPlain;
    expect(high / low).toBeLessThan(1.1);
    expect((await measure(100)).run).toMatchObject({ ending: "prompts" });
  });

  test("is used where prompts are too few for bounds, however alike they are", async () => {
    const harness = new BenchHarness();
    let numRuns = 0;
    const nearlyEven = harness.own("fused", (run) => ({
      ...run,
      decodeMs: run.decodeMs * (1 + (numRuns++ % 3) / 1000),
      tokenMs: run.tokenMs.map((ms) => ms * (1 + (numRuns % 3) / 1000)),
    }));
    const configs = [harness.plain(), harness.plainAgain(), nearlyEven];
    const deadlineMs = 30 * PROMPT_TIME;
    const prompts = randomPrompts(60);
    const { run } = await harness.run(configs, { ...params, prompts, deadlineMs });
    // At the first look, an eighth of the time, three or four are measured.
    expect(run.prompts.length).toBeGreaterThan(6);
  });

  test("goes to a tenth into warming up, on one prompt at least", async () => {
    const numOf = async (deadlineMs: number) => {
      const harness = new BenchHarness();
      const configs = [harness.plain(), harness.speculative("fused", [])];
      const prompts = randomPrompts(40);
      return (await harness.run(configs, { prompts, numPrompts: 1, maxWarmups: 8, deadlineMs })).run
        .numWarmups;
    };
    expect(await numOf(1)).toBe(1);
    expect(await numOf(10_000)).toBe(3);
    expect(await numOf(1_000_000)).toBe(8);
  });
});

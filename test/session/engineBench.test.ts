import { describe, expect, test, vi } from "vitest";
import type { BenchParams, BenchProgress } from "../../src/engine/protocol/benchMessages.ts";
import { TICK_MS } from "../../src/session/client/engineWatch.ts";
import { LOAD_SILENT_MS } from "../../src/session/client/patience.ts";
import { complete, createClient, load, never, useFakeEngine } from "../support/fakeEngineClient.ts";

useFakeEngine();

const sources = { origin: "", files: [] };
/** The fake acts by the suite's name. */
const suiteNamed = (name: string) =>
  ({
    suites: [name],
    workspace: sources,
    foreign: sources,
    configs: ["plain"],
    numPrompts: 2,
    maxTokens: 8,
    maxPromptTokens: 64,
    seed: 1,
  }) as unknown as BenchParams;

describe("EngineClient.bench", () => {
  test("reports progress and resolves to the report", async () => {
    const { client, states } = createClient();
    await load(client);
    const progress: BenchProgress[] = [];
    const report = await client.bench(suiteNamed("repo"), (one) => progress.push(one), never);
    expect(report).toEqual({ isComplete: true });
    expect(progress.map(({ part, done }) => `${part} ${done}`)).toEqual(["repo 1", "repo 2"]);
    await vi.waitFor(() => expect(states.slice(-2)).toEqual(["working", "ready"]));
  });

  test("resolves to what was finished when it is aborted, and serves on", async () => {
    const { client } = createClient();
    await load(client);
    const controller = new AbortController();
    const report = await client.bench(
      suiteNamed("slow"),
      () => controller.abort(),
      controller.signal,
    );
    expect(report).toEqual({ isComplete: false });
    expect((await complete(client, "x")).text).toBe("ab");
    const { signal } = controller;
    await expect(client.bench(suiteNamed("repo"), () => {}, signal)).rejects.toBe(signal.reason);
  });

  test("rejects when the engine dies meanwhile, or hangs after an abort", async () => {
    const { client, clock } = createClient();
    await load(client);
    const crashed = client.bench(suiteNamed("crash"), () => {}, never);
    await expect(crashed).rejects.toMatchObject({ code: "engineCrashed" });
    const controller = new AbortController();
    const hung = client.bench(suiteNamed("hang"), () => {}, controller.signal);
    await vi.waitFor(() => expect(client.state).toBe("working"));
    controller.abort();
    clock.advance(LOAD_SILENT_MS + TICK_MS);
    await expect(hung).rejects.toMatchObject({ code: "engineCrashed" });
  });
});

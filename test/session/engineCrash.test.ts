import { describe, expect, test, vi } from "vitest";
import { TICK_MS } from "../../src/session/client/engineWatch.ts";
import { CANCEL_GRACE_MS } from "../../src/session/client/patience.ts";
import { MAX_CRASHES, MAX_DELAY_MS } from "../../src/session/client/restartPolicy.ts";
import {
  complete,
  createClient,
  events,
  load,
  never,
  useFakeEngine,
} from "../support/fakeEngineClient.ts";

useFakeEngine();

/** Windows has no signals: a process that kills itself ends with code 1 there. */
const END_OF_A_CRASH =
  process.platform === "win32"
    ? /exit code 1;.*GGML_ASSERT failed.*next request/
    : /signal SIGKILL.*GGML_ASSERT failed.*next request/;

describe("EngineClient after a crash", () => {
  test("says how the engine died, and serves the next completion with the same models", async () => {
    const { client, states, clock } = createClient();
    await load(client);
    await expect(complete(client, "crash")).rejects.toMatchObject({
      code: "engineCrashed",
      message: expect.stringMatching(END_OF_A_CRASH),
    });
    expect(client.state).toBe("restarting");
    expect((await complete(client, "x")).text).toBe("ab");
    expect(clock.elapsed).toEqual([100]);
    await vi.waitFor(() =>
      expect(states.slice(-6)).toEqual([
        "restarting",
        "ready",
        "loading",
        "ready",
        "working",
        "ready",
      ]),
    );
    const loads = (await events()).filter(({ event }) => event === "load");
    expect(loads.map(({ targetPath }) => targetPath)).toEqual(["tiny.gguf", "tiny.gguf"]);
  });

  test("every request that was pending at the crash rejects, and all later ones share one restart", async () => {
    const { client } = createClient();
    await load(client);
    const outcomes = await Promise.allSettled([complete(client, "hang"), complete(client, "exit")]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "engineCrashed" } });
    }
    const later = await Promise.allSettled([complete(client, "slow"), complete(client, "x")]);
    expect(later[1]).toMatchObject({ status: "fulfilled" });
    expect((await events()).filter(({ event }) => event === "start")).toHaveLength(2);
  });

  test("survives an engine that is killed while idle", async () => {
    const { client } = createClient();
    await load(client);
    process.kill((await client.health(never)).pid, "SIGKILL");
    await vi.waitFor(() => expect(client.state).toBe("restarting"));
    expect((await complete(client, "x")).text).toBe("ab");
  });

  test("kills an engine that does not answer a cancel", async () => {
    const { client, clock } = createClient();
    await load(client);
    const controller = new AbortController();
    const pending = complete(client, "hang", controller.signal);
    await vi.waitFor(() => expect(client.state).toBe("working"));
    controller.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    clock.advance(CANCEL_GRACE_MS + TICK_MS);
    await vi.waitFor(() => expect(client.state).toBe("restarting"));
    expect((await complete(client, "x")).text).toBe("ab");
  });

  test("tries a load that a GPU crashes again, at last on the CPU, and says so once", async () => {
    const { client, notices } = createClient({ gpu: "cuda" });
    expect((await load(client, "crashOnGpu.gguf")).backend).toBe("cpu");
    const starts = (await events()).filter(({ event }) => event === "start");
    expect(starts.map(({ gpu }) => gpu)).toEqual(["cuda", "cuda", "vulkan", "vulkan", "off"]);
    expect(notices).toHaveLength(2);
    await expect(complete(client, "crash")).rejects.toMatchObject({ code: "engineCrashed" });
    await complete(client, "x");
    expect(notices).toHaveLength(2);
  });

  test("steps down when a GPU crashes twice before its first completion", async () => {
    const { client, notices } = createClient({ gpu: "auto" });
    await load(client);
    await expect(complete(client, "crash")).rejects.toMatchObject({ code: "engineCrashed" });
    await expect(complete(client, "crash")).rejects.toMatchObject({ code: "engineCrashed" });
    expect(notices).toEqual([expect.stringContaining('GPU "cuda"')]);
    await complete(client, "x");
    expect((await events()).at(-3)).toMatchObject({ event: "start", gpu: "vulkan" });
  });

  test("gives up after crashes in a row, tries again after the back-off", async () => {
    const { client, clock } = createClient();
    await expect(load(client, "crash.gguf")).rejects.toMatchObject({ code: "engineCrashed" });
    for (let i = 1; i < MAX_CRASHES; i++) {
      await expect(complete(client, "x")).rejects.toMatchObject({ code: "engineCrashed" });
    }
    expect(client.state).toBe("failed");
    const numStarts = (await events()).filter(({ event }) => event === "start").length;
    await expect(complete(client, "x")).rejects.toThrow(/5 times in a row.*10 s.*device lost/);
    expect((await events()).filter(({ event }) => event === "start")).toHaveLength(numStarts);
    clock.advance(MAX_DELAY_MS);
    await load(client);
    expect((await complete(client, "x")).text).toBe("ab");
  });
});

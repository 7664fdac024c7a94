import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { TICK_MS } from "../../src/session/client/engineWatch.ts";
import { START_TIMEOUT_MS } from "../../src/session/client/patience.ts";
import {
  complete,
  createClient,
  events,
  load,
  never,
  params,
  useFakeEngine,
} from "../support/fakeEngineClient.ts";

useFakeEngine();

describe("EngineClient", () => {
  test("loads and completes, with progress and typed arrays", async () => {
    const { client, states } = createClient();
    const fractions: number[] = [];
    const chunks: string[] = [];
    await client.load(
      { targetPath: "tiny.gguf", contextSize: 64 },
      ({ fraction }) => fractions.push(fraction),
      never,
    );
    const result = await client.complete(params("x"), ({ text }) => chunks.push(text), never);
    expect(fractions).toEqual([0, 1]);
    expect(chunks).toEqual(["a", "b"]);
    expect(result.tokens).toEqual(Int32Array.of(5, 6));
    expect(result.tokenSources).toEqual(Uint8Array.of(0, 1));
    await vi.waitFor(() =>
      expect(states).toEqual(["starting", "ready", "loading", "ready", "working", "ready"]),
    );
  });

  test("rejects with the signal's reason at once when a completion is cancelled", async () => {
    const { client } = createClient();
    await load(client);
    const controller = new AbortController();
    const pending = complete(client, "slow", controller.signal);
    const reason = new DOMException("typed on", "AbortError");
    setTimeout(() => controller.abort(reason), 30);
    await expect(pending).rejects.toBe(reason);
    expect((await complete(client, "x")).text).toBe("ab");
  });

  test("a newer completion aborts the older one", async () => {
    const { client } = createClient();
    await load(client);
    const older = complete(client, "slow");
    const newer = complete(client, "x");
    await expect(older).rejects.toMatchObject({ name: "AbortError" });
    expect((await newer).text).toBe("ab");
  });

  test("passes the engine's own errors on with their code", async () => {
    const { client } = createClient();
    await expect(complete(client, "x")).rejects.toMatchObject({ code: "notLoaded" });
    await expect(load(client, "missing.gguf")).rejects.toMatchObject({ code: "modelNotFound" });
    await load(client);
    await expect(complete(client, "fail")).rejects.toMatchObject({
      code: "contextFull",
      message: "The context is full.",
    });
  });

  test("a newer load replaces the older, and completions wait for it", async () => {
    const { client } = createClient();
    const older = load(client, "slow.gguf");
    const waiting = complete(client, "x");
    await vi.waitFor(() => expect(client.state).toBe("loading"));
    const newer = load(client);
    await expect(older).rejects.toMatchObject({ name: "AbortError" });
    expect((await newer).target.path).toBe("tiny.gguf");
    expect((await waiting).text).toBe("ab");
  });

  test("a completion waits for a load that is asked for in the same moment", async () => {
    const { client } = createClient();
    await load(client);
    const settled: string[] = [];
    await Promise.all([
      complete(client, "x").then(() => settled.push("completion")),
      load(client, "slow.gguf").then(() => settled.push("load")),
    ]);
    expect(settled).toEqual(["load", "completion"]);
  });

  test("a cancelled load is not wanted any more", async () => {
    const { client } = createClient();
    const controller = new AbortController();
    const pending = client.load(
      { targetPath: "slow.gguf", contextSize: 64 },
      () => controller.abort(),
      controller.signal,
    );
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await expect(complete(client, "x")).rejects.toMatchObject({ code: "notLoaded" });
  });

  test("unload frees the models for good", async () => {
    const { client } = createClient();
    await client.unload(never);
    expect(await events()).toEqual([]);
    await load(client);
    await client.unload(never);
    await expect(complete(client, "x")).rejects.toMatchObject({ code: "notLoaded" });
  });

  test.each([
    ["exit", "engineStartFailed", /exit code 7.*no such library/],
    ["wrongVersion", "protocolMismatch", /Expected an engine of protocol 5, found 999/],
  ])("refuses an engine that starts with %s", async (start, code, message) => {
    const { client } = createClient({ start });
    const failure = await client.health(never).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(client.state).toBe("restarting");
  });

  test("refuses an engine file that does not exist", async () => {
    const { client } = createClient({ enginePath: join(import.meta.dirname, "none.mjs") });
    await expect(client.health(never)).rejects.toMatchObject({
      code: "engineStartFailed",
      message: expect.stringMatching(/Cannot find module/),
    });
  });

  test("gives up on an engine that does not answer the handshake", async () => {
    const { client, clock } = createClient({ start: "hang" });
    const pending = client.health(never);
    await vi.waitFor(() => expect(clock.numWaiting).toBe(1));
    clock.advance(START_TIMEOUT_MS + TICK_MS);
    await expect(pending).rejects.toMatchObject({ code: "engineStartFailed" });
  });

  test("dispose aborts what runs, ends the engine, and may be called twice and before any request", async () => {
    const { client } = createClient();
    await load(client);
    const pending = complete(client, "slow");
    await vi.waitFor(() => expect(client.state).toBe("working"));
    const [outcome] = await Promise.allSettled([pending, client[Symbol.asyncDispose]()]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { name: "AbortError" } });
    await client[Symbol.asyncDispose]();
    expect(client.state).toBe("stopped");
    await expect(complete(client, "x")).rejects.toThrow("disposed");
    const { client: unused } = createClient();
    await unused[Symbol.asyncDispose]();
  });

  test("dispose ends an engine that is still starting", async () => {
    const { client } = createClient({ start: "hang" });
    const pending = client.health(never);
    await vi.waitFor(async () => expect(await events()).toHaveLength(1));
    const [outcome] = await Promise.allSettled([pending, client[Symbol.asyncDispose]()]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { name: "AbortError" } });
  });
});

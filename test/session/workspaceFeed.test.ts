import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { WorkspaceParams } from "../../src/engine/protocol/workspaceMessages.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import {
  complete,
  createClient,
  events,
  load,
  never,
  useFakeEngine,
} from "../support/fakeEngineClient.ts";

const PARAMS: WorkspaceParams = {
  roots: [{ path: "/ws", name: "ws", isOnDisk: true, excludes: ["**/out"] }],
  storagePath: "/storage/learned",
};
const OTHER: WorkspaceParams = { roots: [] };

/** What the engines were told of the workspace, in order. */
async function told() {
  const all = await events();
  return all
    .filter(({ event }) => ["openWorkspace", "changes", "buffer", "forget"].includes(event))
    .map(({ event, params, changes, buffer }) => params ?? changes ?? buffer ?? event);
}

describe("WorkspaceFeed", () => {
  useFakeEngine();

  function setUp(start?: string) {
    const feed = new WorkspaceFeed();
    const { client } = createClient({ workspace: feed, ...(start === undefined ? {} : { start }) });
    const phases: string[] = [];
    feed.onStatus(({ phase }) => phases.push(phase));
    return { feed, client, phases };
  }

  test("tells an engine that starts what is open, and the unsaved texts", async () => {
    const { feed, client, phases } = setUp();
    feed.open(PARAMS);
    feed.setBuffer("/ws/a.ts", "first");
    feed.setBuffer("/ws/a.ts", "second");
    feed.setBuffer("/ws/b.ts", "gone");
    feed.setBuffer("/ws/b.ts", undefined);
    feed.changed({ paths: ["/ws/a.ts"], renamed: [], opened: [] });
    await load(client);
    await vi.waitFor(() => expect(feed.status.phase).toBe("ready"));
    expect(feed.status).toEqual({ phase: "ready", numFiles: 1, numTokens: 7, numWaiting: 0 });
    expect(await told()).toEqual([PARAMS, { path: "/ws/a.ts", text: "second" }]);
    expect(phases).toEqual(["indexing", "ready"]);
  });

  test("passes on what happens, and nothing while no workspace is open", async () => {
    const { feed, client } = setUp();
    await load(client);
    feed.setBuffer("/ws/a.ts", "a");
    feed.changed({ paths: ["/ws/a.ts"], renamed: [], opened: [] });
    feed.open(PARAMS);
    feed.setBuffer("/ws/a.ts", "a");
    feed.setBuffer("/ws/a.ts", "b");
    feed.setBuffer("/ws/a.ts", undefined);
    feed.setBuffer("/ws/a.ts", undefined);
    feed.changed({ paths: [], renamed: [], opened: [] });
    const changes = {
      paths: [],
      renamed: [{ from: "/ws/a.ts", to: "/ws/b.ts" }],
      opened: ["/ws/b.ts"],
    };
    feed.changed(changes);
    feed.open(OTHER);
    feed.close();
    await client.health(never);
    expect(await told()).toEqual([
      PARAMS,
      { path: "/ws/a.ts", text: "a" },
      { path: "/ws/a.ts", text: "b" },
      { path: "/ws/a.ts", text: null },
      changes,
      OTHER,
      "openWorkspace",
    ]);
  });

  test("tells the engine that follows a dead one everything again", async () => {
    const { feed, client, phases } = setUp();
    await load(client);
    feed.open(PARAMS);
    feed.setBuffer("/ws/a.ts", "a");
    await vi.waitFor(() => expect(feed.status.phase).toBe("ready"));
    await expect(complete(client, "crash")).rejects.toThrow();
    expect(feed.status.phase).toBe("off");
    feed.setBuffer("/ws/a.ts", "b");
    await complete(client, "x");
    await vi.waitFor(() => expect(feed.status.phase).toBe("ready"));
    expect(phases).toEqual(["indexing", "ready", "off", "indexing", "ready"]);
    expect(await told()).toEqual([
      PARAMS,
      { path: "/ws/a.ts", text: "a" },
      PARAMS,
      { path: "/ws/a.ts", text: "b" },
    ]);
  });

  test("waits until the index is ready, unless the engine or the caller ends before", async () => {
    const { feed, client } = setUp();
    await expect(feed.whenReady(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    await load(client);
    const waiting = feed.whenReady(never);
    feed.open(PARAMS);
    expect(await waiting).toMatchObject({ numFiles: 1 });
    expect(await feed.whenReady(never)).toMatchObject({ numFiles: 1 });
    feed.close();
    await vi.waitFor(() => expect(feed.status.numFiles).toBe(0));
    await expect(complete(client, "crash")).rejects.toThrow();
    await complete(client, "x");
    const lost = feed.whenReady(never);
    await Promise.all([
      expect(lost).rejects.toThrow("The engine ended"),
      expect(complete(client, "crash")).rejects.toThrow(),
    ]);
  });

  test("forgets in the engine and on disk, also where no engine runs", async () => {
    const folder = await mkdtemp(join(tmpdir(), "treeline-feed-"));
    const learned = join(folder, "learned");
    const leave = async () => {
      await mkdir(learned, { recursive: true });
      await writeFile(join(learned, "workspace-index.bin"), "tokens");
    };
    try {
      const { feed, client } = setUp();
      await leave();
      feed.open(PARAMS);
      await feed.forget(learned, never);
      await expect(stat(learned)).rejects.toThrow(/ENOENT/);
      await load(client);
      expect(await told()).toEqual([]);
      await leave();
      feed.open(PARAMS);
      feed.setBuffer("/ws/a.ts", "a");
      await feed.forget(learned, never);
      await expect(stat(learned)).rejects.toThrow(/ENOENT/);
      await feed.forget(undefined, never);
      expect((await told()).slice(2)).toEqual(["forget", "forget"]);
      await expect(complete(client, "crash")).rejects.toThrow();
      await feed.forget(learned, never);
      await complete(client, "x");
      expect((await told()).slice(4)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("says what keeps the engine from forgetting", async () => {
    const { feed, client } = setUp("cannotForget");
    await load(client);
    feed.open(PARAMS);
    await expect(feed.forget(undefined, never)).rejects.toThrow("The disk is busy.");
  });
});

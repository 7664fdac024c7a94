/** The workspace index in the built engine: it drafts, follows the files, comes again after a crash, delays nobody. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import type { WorkspaceParams } from "../../src/engine/protocol/workspaceMessages.ts";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { LONG_REQUEST, PAIR, SHORT_REQUEST } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";
import {
  learned,
  move,
  pathOf,
  remove,
  rootAt,
  saved,
  until,
  useWorkspaceFolder,
  write,
} from "../support/workspaceFolder.ts";

useWorkspaceFolder();
useBuiltEngine();

/** Nothing that an output could repeat. */
const UNLIKE = "// ∀∃∅ ∀∃∅\n";
const SOURCE = LONG_REQUEST.prefixText + LONG_REQUEST.suffixText;

async function start(params: WorkspaceParams) {
  const workspace = new WorkspaceFeed();
  const log: string[] = [];
  const client = createClient({}, { workspace, log: (_level, line) => log.push(line) });
  await client.load(PAIR, ignore, NEVER);
  workspace.open(params);
  const touched = (...paths: string[]) =>
    workspace.changed({ paths: paths.map(pathOf), renamed: [], opened: [] });
  /** Waits until the index holds so many files and tokens. */
  const size = (numFiles: number, numTokens: unknown = expect.any(Number)) =>
    until(() => expect(workspace.status).toMatchObject({ phase: "ready", numFiles, numTokens }));
  return { workspace, client, log, touched, size };
}

async function proposed(client: EngineClient, request: CompleteParams): Promise<number> {
  const { stats } = await client.complete(request, ignore, NEVER);
  return stats.bySource.workspace.numProposed;
}

/** A request in another file of the workspace. */
const request = (path = "a/other.ts"): CompleteParams => ({
  ...LONG_REQUEST,
  sources: ["workspace"],
  documentPath: pathOf(path),
});

describe("the engine's workspace index", () => {
  test("drafts from files on disk, and the text is the target's own", async () => {
    for (const { path, text } of packageSources().slice(0, 40)) await write(`a/${path}`, text);
    await write("a/node_modules/x/index.ts", SOURCE);
    const { workspace, client } = await start({ roots: [rootAt("a")] });
    expect(await workspace.whenReady(NEVER)).toMatchObject({ phase: "ready", numFiles: 40 });
    const plain = await client.complete({ ...request(), sources: [] }, ignore, NEVER);
    const drafted = await client.complete(request(), ignore, NEVER);
    expect(drafted.text).toBe(plain.text);
    const { numProposed, numVerified, numAccepted } = drafted.stats.bySource.workspace;
    expect(numProposed).toBeGreaterThan(0);
    expect(numVerified).toBeGreaterThan(0);
    expect(numAccepted).toBeGreaterThan(0);
  });

  test("follows saves, deletions, renames and unsaved text", async () => {
    await write("a/x.ts", UNLIKE);
    const { workspace, client, touched, size } = await start({ roots: [rootAt("a")] });
    await size(1);
    const { numTokens } = workspace.status;
    expect(await proposed(client, request())).toBe(0);
    workspace.setBuffer(pathOf("a/x.ts"), SOURCE);
    await until(() => expect(workspace.status.numTokens).toBeGreaterThan(numTokens));
    expect(await proposed(client, request())).toBeGreaterThan(0);
    // The disk is looked at meanwhile, and loses.
    touched("a/x.ts");
    await client.health(NEVER);
    expect(await proposed(client, request())).toBeGreaterThan(0);
    workspace.setBuffer(pathOf("a/x.ts"), undefined);
    await size(1, numTokens);
    expect(await proposed(client, request())).toBe(0);
    await write("a/x.ts", SOURCE);
    touched("a/x.ts");
    await until(() => expect(workspace.status.numTokens).toBeGreaterThan(numTokens));
    await move("a/x.ts", "a/y.ts");
    const renamed = [{ from: pathOf("a/x.ts"), to: pathOf("a/y.ts") }];
    workspace.changed({ paths: [], renamed, opened: [] });
    await size(1);
    expect(await proposed(client, request())).toBeGreaterThan(0);
    await remove("a/y.ts");
    touched("a/y.ts");
    await size(0, 0);
    expect(await proposed(client, request())).toBe(0);
  });

  test("does not draft what stands behind the cursor already", async () => {
    const text = "// qzxj wvkq 4711\n// kqpw zztx 0815\n";
    await write("a/own.ts", text);
    const { client, size } = await start({ roots: [rootAt("a")] });
    await size(1);
    const cursor = text.indexOf("\n");
    const at = {
      ...request("a/own.ts"),
      prefixText: text.slice(0, cursor),
      suffixText: text.slice(cursor),
      maxTokens: 2,
    };
    expect(await proposed(client, at)).toBe(0);
    // For another file, and for this one with other text behind the cursor, it is worth proposing.
    expect(await proposed(client, { ...at, documentPath: pathOf("a/b.ts") })).toBeGreaterThan(0);
    expect(await proposed(client, { ...at, suffixText: "\n" })).toBeGreaterThan(0);
  });

  test("comes again in the engine that follows a killed one, with the unsaved text", async () => {
    await write("a/x.ts", UNLIKE);
    const { workspace, client, size } = await start({ roots: [rootAt("a")] });
    await size(1);
    workspace.setBuffer(pathOf("a/x.ts"), SOURCE);
    await until(() => expect(workspace.status.numTokens).toBeGreaterThan(1000));
    const { numTokens } = workspace.status;
    const { pid } = await client.health(NEVER);
    process.kill(pid, "SIGKILL");
    await until(() => expect(workspace.status.phase).toBe("off"));
    await client.complete(SHORT_REQUEST, ignore, NEVER);
    await size(1, numTokens);
    expect(await proposed(client, request())).toBeGreaterThan(0);
  });

  test("keeps its index for the next start, and forgets it when asked", async () => {
    for (const { path, text } of packageSources()) await write(`a/${path}`, text);
    const params = { roots: [rootAt("a")], storagePath: learned() };
    const first = await start(params);
    const { numFiles, numTokens } = await first.workspace.whenReady(NEVER);
    expect((await saved()).length).toBeGreaterThan(4 * numTokens);
    await first.client[Symbol.asyncDispose]();
    const second = await start(params);
    await second.size(numFiles, numTokens);
    const lines = second.log.filter((line) => line.startsWith("workspace"));
    expect(lines[0]).toContain(`workspace index restored files=${numFiles}`);
    expect(lines[1]).toContain("read=0");
    expect(await proposed(second.client, request())).toBeGreaterThan(0);
    await second.workspace.forget(learned(), NEVER);
    await expect(stat(learned())).rejects.toThrow(/ENOENT/);
    expect(second.workspace.status).toMatchObject({ phase: "off", numFiles: 0 });
    expect(await proposed(second.client, request())).toBe(0);
  });

  test("delays no completion while it is made, and goes on between them", async () => {
    const random = seededRandom(7);
    const sources = packageSources();
    for (let number = 0; number < 2_000; number++) {
      const { text } = sources[Math.floor(random() * sources.length)]!;
      const from = Math.floor(random() * Math.max(1, text.length - 6_000));
      await write(join("a", `${number % 50}`, `${number}.ts`), text.slice(from, from + 6_000));
    }
    const { workspace, client } = await start({ roots: [] });
    const timed = async () => {
      const { timings } = await client.complete(LONG_REQUEST, ignore, NEVER);
      return timings.totalMs;
    };
    const median = (times: readonly number[]) =>
      times.toSorted((a, b) => a - b)[times.length >> 1]!;
    const idle: number[] = [];
    for (let round = 0; round < 12; round++) idle.push(await timed());
    const sizes: number[] = [];
    workspace.onStatus(({ numFiles }) => sizes.push(numFiles));
    workspace.open({ roots: [rootAt("a")] });
    const busy: number[] = [];
    while (workspace.status.phase !== "ready" && busy.length < 500) {
      busy.push(await timed());
      // As between keys; without a pause nothing would be indexed but a slice per completion.
      await delay(40);
    }
    const figures = `idle ${median(idle).toFixed(1)} ms, indexing ${median(busy).toFixed(1)} ms (${busy.length})`;
    console.log(figures);
    expect(workspace.status, figures).toMatchObject({ numFiles: 2_000 });
    expect(busy.length, figures).toBeGreaterThan(3);
    expect(new Set(sizes).size, figures).toBeGreaterThan(3);
    expect(median(busy), figures).toBeLessThan(3 * median(idle) + 50);
  });
});

/** Workspaces that were made to stall whoever reads them, in the built engine. */
import { mkdir, readdir, symlink } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { PAIR, SHORT_REQUEST } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { hasOddFiles, ODD_FILES } from "../support/oddFiles.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";
import {
  learned,
  pathOf,
  rootAt,
  saved,
  useWorkspaceFolder,
  write,
} from "../support/workspaceFolder.ts";

useWorkspaceFolder();
useBuiltEngine();

/** More than any of it takes on a busy machine, in ms. */
const SOON_MS = 10_000;
/** The engine's threads for files are four: so many folders would take all of them. */
const NUM_FOLDERS = 6;
const MAX_RESIDENT_BYTES = 200 * 1024 ** 2;

describe.runIf(hasOddFiles)("the engine on a workspace whose files of rules are", () => {
  test.each(Object.keys(ODD_FILES))("%s each: it indexes, completes and forgets", async (name) => {
    const oddFile = ODD_FILES[name]!;
    await mkdir(pathOf("a/.git/info"), { recursive: true });
    await oddFile(pathOf("a/.git/info/exclude"));
    await oddFile(pathOf("a/.gitignore"));
    for (let number = 0; number < NUM_FOLDERS; number++) {
      await write(`a/${number}/x.ts`, "const a = 1;\n");
      await oddFile(pathOf(`a/${number}/.gitignore`));
      await oddFile(pathOf(`a/${number}/odd.ts`));
    }
    const workspace = new WorkspaceFeed();
    const client = createClient({}, { workspace });
    await client.load(PAIR, ignore, NEVER);
    const before = (await client.health(NEVER)).residentBytes;
    const soon = () => AbortSignal.timeout(SOON_MS);
    workspace.open({ roots: [rootAt("a")], storagePath: learned() });
    // At once, and when the walk is at the files.
    for (const waitMs of [0, 100]) {
      await delay(waitMs);
      expect((await client.complete(SHORT_REQUEST, ignore, soon())).tokens.length).toBeGreaterThan(
        0,
      );
    }
    expect(await workspace.whenReady(soon())).toMatchObject({ numFiles: NUM_FOLDERS });
    expect((await client.statistics(soon())).numCompletions).toBe(2);
    expect((await client.health(soon())).residentBytes).toBeLessThan(before + MAX_RESIDENT_BYTES);
    await saved();
    await workspace.forget(learned(), soon());
    expect(await readdir(pathOf("storage"))).toEqual([]);
  });

  test("a folder that links go round in: none is followed", async () => {
    await write("a/deep/x.ts", "const a = 1;\n");
    await symlink(pathOf("a"), pathOf("a/deep/round"));
    await symlink(pathOf("a/deep/.gitignore"), pathOf("a/.gitignore"));
    await symlink(pathOf("a/.gitignore"), pathOf("a/deep/.gitignore"));
    const workspace = new WorkspaceFeed();
    const client = createClient({}, { workspace });
    await client.load(PAIR, ignore, NEVER);
    workspace.open({ roots: [rootAt("a")] });
    expect(await workspace.whenReady(AbortSignal.timeout(SOON_MS))).toMatchObject({ numFiles: 1 });
  });
});

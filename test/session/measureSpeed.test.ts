import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { measureMachine } from "../../src/session/advice/measureSpeed.ts";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";

test("whoever gives up has the engine let go of the probe before its file goes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "treeline-probe-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const end = new AbortController();
  let path = "";
  const unloaded: boolean[] = [];
  const client: Pick<EngineClient, "load" | "unload"> = {
    load: async ({ targetPath }, _onProgress, signal) => {
      path = targetPath;
      end.abort();
      throw signal.reason;
    },
    unload: async (signal) => {
      signal.throwIfAborted();
      unloaded.push(existsSync(path));
    },
  };
  const measured = measureMachine(client as EngineClient, folder, TARGET_PATH, end.signal);
  await expect(measured).rejects.toThrow(/abort/i);
  expect(unloaded).toEqual([true]);
  expect(await readdir(folder)).toEqual([]);
});

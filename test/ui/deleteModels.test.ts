import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ModelFolder } from "../../src/models/disk/modelFolder.ts";
import { type Config, readConfig } from "../../src/ui/base/config.ts";
import { deleteModels } from "../../src/ui/models/deleteModels.ts";
import { fake, resetVscode, setSetting } from "../fakes/fakeVscode.ts";

const PART = "model.0123456789abcdef.part";
let path: string;

beforeEach(async () => {
  resetVscode();
  path = await mkdtemp(join(tmpdir(), "treeline-models-"));
  fake.pickedLabel = "model";
  fake.pressedButtons = ["Delete"];
  setSetting("treeline.model.folder", path);
  setSetting("treeline.model.target", "model");
});
afterEach(() => rm(path, { recursive: true, force: true }));

async function install(): Promise<void> {
  const folder = new ModelFolder(path);
  await writeFile(folder.pathOf("model"), "GGUF");
  await folder.record({
    name: "model",
    repository: "owner/model",
    file: "model.gguf",
    bytes: 4,
    sha256: "ab".repeat(32),
    licence: "MIT",
    installedAt: "2026-01-01T00:00:00.000Z",
  });
}

const config = (): Config =>
  readConfig(
    (name) => fake.settings.get(`treeline.${name}`),
    "",
    () => {},
  );
const run = (whenSettled: () => Promise<unknown> = async () => {}) =>
  deleteModels({
    config,
    settled: async () => {
      await whenSettled();
      return { phase: "ready", alsoLoadedBytes: 0 };
    },
    restart: async () => {},
  });
const files = async () => (await readdir(path)).sort();

describe("deleteModels", () => {
  test("deletes a model that is in use, and the bundled pair serves", async () => {
    await install();
    await run();
    expect(await files()).toEqual([]);
    expect(fake.settings.has("treeline.model.target")).toBe(false);
  });

  test("what is left of a download goes, and nothing else of its name; settings stay", async () => {
    await install();
    await rm(join(path, "model.gguf"));
    await writeFile(join(path, PART), "GG");
    await run();
    expect(await files()).toEqual(["model.json"]);
    expect(fake.settings.get("treeline.model.target")).toBe("model");
  });

  test("while it is fetched nothing is deleted and no setting changes", async () => {
    await install();
    const holder = { pid: process.pid, host: "elsewhere", token: "x" };
    await writeFile(join(path, "model.lock"), JSON.stringify(holder));
    await expect(run()).rejects.toThrow("expected nobody to fetch it");
    expect(fake.settings.get("treeline.model.target")).toBe("model");
  });

  // A folder stands in for a file that another window has loaded, on Windows.
  test("a model that the system does not let go stays installed and in use", async () => {
    await install();
    setSetting("treeline.model.draft", "small");
    const hold = async () => {
      await rm(join(path, "model.gguf"));
      await mkdir(join(path, "model.gguf"));
    };
    await expect(run(hold)).rejects.toThrow("expected to delete its file");
    expect(await files()).toEqual(["model.gguf", "model.json"]);
    expect(fake.settings.get("treeline.model.target")).toBe("model");
    expect(fake.settings.get("treeline.model.draft")).toBe("small");
  });
});

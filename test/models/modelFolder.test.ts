import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseEntry } from "../../src/models/catalogue/catalogueEntry.ts";
import { ModelFolder } from "../../src/models/disk/modelFolder.ts";

const SHA256 = "ab".repeat(32);
let path: string;
let folder: ModelFolder;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "treeline-models-"));
  folder = new ModelFolder(path);
});
afterEach(() => rm(path, { recursive: true, force: true }));

async function install(name: string): Promise<void> {
  await folder.record({
    name,
    repository: "owner/model",
    file: "model.gguf",
    bytes: 4,
    sha256: SHA256,
    licence: "MIT",
    installedAt: "2026-01-01T00:00:00.000Z",
  });
  await writeFile(folder.pathOf(name), "GGUF");
}
const put = (file: string, text = "mine") => writeFile(join(path, file), text);
const files = async () => (await readdir(path)).sort();

describe("a folder with other files in it", () => {
  test.each([
    ["a file of another program", "package.json", '{"name":"package","version":"1.0.0"}'],
    ["a list", "package.json", "[1]"],
    ["nothing", "package.json", "null"],
    ["another model's record", "package.json", `{"name":"x","bytes":4,"sha256":"${SHA256}"}`],
    ["a model of the user's", "package.gguf", "GGUF"],
  ])("remove leaves what is none of ours: %s", async (_, file, text) => {
    await put(file, text);
    await put("package.0123456789abcdef.part");
    expect(await folder.remove("package")).toBe(4);
    expect(await files()).toEqual([file]);
    expect(await readFile(join(path, file), "utf8")).toBe(text);
    expect(await folder.find("package")).toBeUndefined();
    await expect(folder.expectOwn("package")).rejects.toThrow(
      /Model package: expected no .*package\.\w+, found: one that Treeline did not fetch\. Move it/,
    );
  });

  test("the file that says which models are used is no model's", async () => {
    await install("model");
    await folder.choose({ target: "model" });
    expect(await folder.chosen()).toEqual({ target: "model" });
    await expect(folder.remove("chosen")).rejects.toThrow("is no model's name");
    expect(await folder.find("chosen")).toBeUndefined();
    expect(await folder.chosen()).toEqual({ target: "model" });
    const own = { name: "chosen", repository: "owner/model", file: "model.gguf" };
    expect(() => parseEntry(own, "own entry 0")).toThrow(/expected a name .*nor chosen/);
  });
});

describe("remove", () => {
  test("deletes model, record and parts, and nothing of another model", async () => {
    await install("model");
    await install("model-2");
    await put("model.0123456789abcdef.part");
    await put("model-2.0123456789abcdef.part");
    expect(await folder.remove("model")).toBeGreaterThan(8);
    expect(await files()).toEqual([
      "model-2.0123456789abcdef.part",
      "model-2.gguf",
      "model-2.json",
    ]);
  });

  // A folder stands in for a file that the system does not let go, as Windows does one in use.
  test("a model that cannot be deleted stays installed", async () => {
    await install("model");
    await rm(folder.pathOf("model"));
    await mkdir(folder.pathOf("model"));
    await expect(folder.remove("model")).rejects.toThrow(/expected to delete its file, found:/);
    expect(await files()).toEqual(["model.gguf", "model.json"]);
  });

  test("refuses while another process fetches, parts as well", async () => {
    await install("model");
    await put("model.lock", JSON.stringify({ pid: process.pid, host: "elsewhere", token: "x" }));
    await expect(folder.remove("model")).rejects.toThrow("expected nobody to fetch it");
    await expect(folder.removeParts("model")).rejects.toThrow("expected nobody to fetch it");
    expect(await folder.find("model")).toBeDefined();
  });

  test("what is left of a download goes without the model", async () => {
    await install("model");
    await put("model.0123456789abcdef.part");
    expect(await folder.unfinished()).toEqual([{ name: "model", bytes: 4 }]);
    expect(await folder.removeParts("model")).toBe(4);
    expect(await files()).toEqual(["model.gguf", "model.json"]);
  });
});

/** The real 0.5B, installed by command from a hub on this machine, completes where no model is named. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { Catalogue } from "../../src/models/catalogue/catalogue.ts";
import { ModelHub } from "../support/modelHub.ts";
import { REAL_DRAFT_PATH } from "../support/realModels.ts";

const run = promisify(execFile);

test("the real 0.5B is installed by command, and complete uses it", async () => {
  const entry = new Catalogue().get("qwen2.5-coder-0.5b-instruct-q4_k_m");
  await using hub = await ModelHub.start();
  // The catalogue's own bytes and hash, which must agree with what the hub says.
  expect(await hub.serveFile(entry.repository, entry.file, REAL_DRAFT_PATH)).toBe(entry.sha256);
  const folder = await mkdtemp(join(tmpdir(), "treeline-real-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { NODE_OPTIONS: _ignored, ...own } = process.env;
  const env = { ...own, HF_ENDPOINT: hub.address, TREELINE_MODELS: folder };
  const treeline = (...args: string[]) => run(process.execPath, ["dist/cli.mjs", ...args], { env });
  const { stderr } = await treeline("models", "install", entry.name);
  expect(stderr).toContain(`SHA-256 ${entry.sha256}`);
  await writeFile(join(folder, "sum.py"), "def add(a, b):\n    return \n");
  const place = ["--line", "2", "--column", "12", "--gpu", "off", "--json"];
  const { stdout } = await treeline("complete", join(folder, "sum.py"), ...place);
  const { text, models } = JSON.parse(stdout);
  expect(models.target.path).toBe(join(folder, `${entry.name}.gguf`));
  expect(text).toBe("a + b");
});

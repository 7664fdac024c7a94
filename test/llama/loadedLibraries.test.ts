import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LibraryHandle } from "koffi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findBuilds, type LlamaBuild } from "../../src/llama/native/llamaBuilds.ts";
import { openLoadedLibraries } from "../../src/llama/native/loadedLibraries.ts";
import type { NativeModules } from "../../src/llama/native/nativeModules.ts";
import { buildFromSource, installPackage, makeNodeLlama } from "../support/llamaTrees.ts";

let root: string;
let nodeLlama: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "treeline-libraries-"));
  nodeLlama = await makeNodeLlama(root);
});
afterEach(() => rm(root, { recursive: true }));

type NamedLibrary = LibraryHandle & { readonly path: string };

/** A system that has loaded these files. */
function loaded(...paths: string[]): NativeModules {
  return {
    c: { path: "c" } as NamedLibrary,
    openLoaded: (path) => (paths.includes(path) ? ({ path } as NamedLibrary) : undefined),
  };
}

function pathsOf(
  builds: readonly LlamaBuild[],
  gpu: LlamaBuild["gpu"],
  modules: NativeModules,
  buildType: LlamaBuild["buildType"] = "prebuilt",
) {
  const { llama, ggml, ggmlBase } = openLoadedLibraries(builds, { gpu, buildType }, modules);
  return [llama, ggml, ggmlBase].map((library) => (library as NamedLibrary).path);
}

describe("openLoadedLibraries", () => {
  test.each([
    ["win32", "x64", "win-x64", false, ["llama.v0.4.0.dll", "ggml.v0.4.0.dll", "ggml-base.dll"]],
    [
      "darwin",
      "arm64",
      "mac-arm64-metal",
      "metal",
      ["libllama.metal.v0.4.0.dylib", "libggml.metal.v0.4.0.dylib", "libggml-base.dylib"],
    ],
  ] as const)("opens what %s-%s has loaded", async (platform, arch, name, gpu, files) => {
    const folder = await installPackage(root, name);
    const paths = files.map((file) => join(folder, file));
    const builds = await findBuilds({ platform, arch }, nodeLlama);
    expect(pathsOf(builds, gpu, loaded(...paths))).toEqual(paths);
  });

  const X64 = { platform: "linux", arch: "x64" };
  const CPU = ["libllama.v0.4.0.so", "libggml.v0.4.0.so", "libggml-base.so"];
  const VULKAN = ["libllama.vulkan.v0.4.0.so", "libggml.vulkan.v0.4.0.so", "libggml-base.so"];

  test("of two builds, one of them given up, opens the one that is in use", async () => {
    const cpuFolder = await installPackage(root, "linux-x64");
    const vulkanFolder = await installPackage(root, "linux-x64-vulkan");
    const cpu = CPU.map((file) => join(cpuFolder, file));
    const vulkan = VULKAN.map((file) => join(vulkanFolder, file));
    const builds = await findBuilds(X64, nodeLlama);
    const both = loaded(...cpu, ...vulkan);
    expect(pathsOf(builds, false, both)).toEqual(cpu);
    expect(pathsOf(builds, "vulkan", both)).toEqual(vulkan);
    // A build for Vulkan that found no device calls itself false.
    expect(pathsOf(builds, false, loaded(...vulkan))).toEqual(vulkan);
  });

  test("opens what builds share where the one that was given up has it", async () => {
    const cpuFolder = await installPackage(root, "linux-x64");
    const vulkanFolder = await installPackage(root, "linux-x64-vulkan");
    const vulkan = VULKAN.map((file) => join(vulkanFolder, file));
    const [, , ggmlBase] = vulkan;
    const cpu = CPU.slice(0, 2).map((file) => join(cpuFolder, file));
    const builds = await findBuilds(X64, nodeLlama);
    expect(pathsOf(builds, false, loaded(...vulkan, ...cpu))).toEqual([...cpu, ggmlBase]);
  });

  test("tells builds from source and packages apart, whichever was given up", async () => {
    const local = await buildFromSource(nodeLlama, "linux-x64");
    const folder = await installPackage(root, "linux-x64");
    const places = { localBuild: local, prebuilt: folder } as const;
    const builds = await findBuilds(X64, nodeLlama);
    const both = loaded(...[local, folder].flatMap((each) => CPU.map((file) => join(each, file))));
    for (const type of ["localBuild", "prebuilt"] as const) {
      const expected = CPU.map((file) => join(places[type], file));
      expect(pathsOf(builds, false, both, type)).toEqual(expected);
    }
  });

  test("says what it looked for, where, what was there and what to do", async () => {
    const folder = await installPackage(root, "linux-x64");
    const builds = await findBuilds(X64, nodeLlama);
    const messageOf = (run: () => unknown) => {
      try {
        return String(run());
      } catch (error) {
        expect(error).toMatchObject({ code: "libraryMismatch" });
        return (error as Error).message;
      }
    };
    const missing = messageOf(() => pathsOf(builds, false, loaded()));
    expect(missing).toContain(`"llama" from where it was expected: ${folder} (libllama.v0.4.0.so)`);
    expect(missing).toMatch(/Reinstall .*`npm ci`\.$/);
    expect(missing).not.toContain("(?");
    const half = messageOf(() =>
      pathsOf(builds, false, loaded(join(folder, "libllama.v0.4.0.so"))),
    );
    expect(half).toContain(`"ggml" from where it was expected: ${folder} (libggml.v0.4.0.so)`);
    const none = messageOf(() => pathsOf([], false, loaded()));
    expect(none).toContain("no build of llama.cpp was found");
  });
});

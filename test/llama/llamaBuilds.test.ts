import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GPU_CHOICES } from "../../src/core/base/backend.ts";
import {
  buildToAskFor,
  findBuilds,
  libraryPaths,
  nodeLlamaFolder,
  packageNames,
  THIS_MACHINE,
} from "../../src/llama/native/llamaBuilds.ts";
import { buildFromSource, installPackage, makeNodeLlama } from "../support/llamaTrees.ts";

let root: string;
let nodeLlama: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "treeline-builds-"));
  nodeLlama = await makeNodeLlama(root);
});
afterEach(() => rm(root, { recursive: true }));

const CPU_FROM_SOURCE = { gpu: false, buildType: "localBuild" } as const;
const APPLE_SILICON = { platform: "darwin", arch: "arm64" };

describe("findBuilds", () => {
  test.each([
    ["linux", "x64", ["linux-x64", "linux-x64-vulkan"], [false, "vulkan"]],
    ["win32", "x64", ["win-x64", "win-x64-vulkan"], [false, "vulkan"]],
    ["darwin", "x64", ["mac-x64"], [false]],
    ["darwin", "arm64", ["mac-arm64-metal"], ["metal"]],
    ["linux", "arm", ["linux-armv7l"], [false]],
  ])(
    "finds the builds of %s-%s among those of all machines",
    async (platform, arch, names, gpus) => {
      const all = ["linux-x64", "linux-x64-vulkan", "linux-armv7l", "win-x64", "win-x64-vulkan"];
      const folders = new Map<string, string>();
      for (const name of [...all, "mac-x64", "mac-arm64-metal"]) {
        folders.set(name, await installPackage(root, name));
      }
      const builds = await findBuilds({ platform, arch }, nodeLlama);
      expect(builds.map(({ gpu }) => gpu)).toEqual(gpus);
      expect(builds.map(({ folder }) => folder)).toEqual(names.map((name) => folders.get(name)));
    },
  );

  test("finds packages that lie inside of node-llama-cpp, in long folders beyond ASCII", async () => {
    const long = join(root, "Jürgen 日本語 ".repeat(5).trim(), "x".repeat(200));
    const inside = await makeNodeLlama(long);
    const folder = await installPackage(inside, "mac-arm64-metal");
    expect(folder.length).toBeGreaterThan(260);
    expect(await findBuilds(APPLE_SILICON, inside)).toMatchObject([{ folder, gpu: "metal" }]);
  });

  test("prefers what was built from source, as node-llama-cpp does", async () => {
    await installPackage(root, "linux-x64");
    const local = await buildFromSource(nodeLlama, "linux-x64");
    const builds = await findBuilds({ platform: "linux", arch: "x64" }, nodeLlama);
    expect(builds[0]).toMatchObject({ folder: local, ...CPU_FROM_SOURCE });
    expect(builds).toHaveLength(2);
  });

  test("leaves out what node-llama-cpp does not load: no, damaged or other metadata", async () => {
    const folder = await installPackage(root, "mac-arm64-metal");
    await mkdir(join(dirname(folder), "unfinished"));
    await writeFile(join(folder, "_nlcBuildMetadata.json"), '{"buildOptions":{"platf');
    expect(await findBuilds(APPLE_SILICON, nodeLlama)).toEqual([]);
  });

  test("finds this machine's own, with every library once", async () => {
    const builds = await findBuilds(THIS_MACHINE, nodeLlamaFolder());
    expect(builds.length).toBeGreaterThan(0);
    for (const build of builds) {
      for (const name of ["llama", "ggml", "ggml-base"] as const) {
        expect(libraryPaths(build, name)).toHaveLength(1);
      }
    }
  });
});

describe("libraryPaths", () => {
  test.each([
    ["linux-x64", "libllama.v0.4.0.so", "libggml.v0.4.0.so", "libggml-base.so"],
    [
      "linux-x64-vulkan",
      "libllama.vulkan.v0.4.0.so",
      "libggml.vulkan.v0.4.0.so",
      "libggml-base.so",
    ],
    ["win-x64", "llama.v0.4.0.dll", "ggml.v0.4.0.dll", "ggml-base.dll"],
    ["win-x64-vulkan", "llama.vulkan.v0.4.0.dll", "ggml.vulkan.v0.4.0.dll", "ggml-base.dll"],
    [
      "mac-arm64-metal",
      "libllama.metal.v0.4.0.dylib",
      "libggml.metal.v0.4.0.dylib",
      "libggml-base.dylib",
    ],
  ])("takes of %s neither addon, common code nor devices", async (name, llama, ggml, ggmlBase) => {
    const folder = await installPackage(root, name);
    const platform = { l: "linux", w: "win32", m: "darwin" }[name.charAt(0)] ?? "";
    const machine = { platform, arch: name.includes("arm64") ? "arm64" : "x64" };
    const [build] = await findBuilds(machine, nodeLlama);
    if (build === undefined) throw new Error(`${folder} was not found`);
    const names = (["llama", "ggml", "ggml-base"] as const).map((library) =>
      libraryPaths(build, library).map((path) => basename(path)),
    );
    expect(names).toEqual([[llama], [ggml], [ggmlBase]]);
  });

  test("takes every version that links name, as builds from source have them", () => {
    const files = ["libllama.so", "libllama.so.0", "libllama.so.0.4.0", "libllama-common.so.0"];
    const build = { folder: "/b", ...CPU_FROM_SOURCE, files };
    const names = libraryPaths(build, "llama").map((path) => basename(path));
    expect(names).toEqual(files.slice(0, 3));
  });
});

describe("buildToAskFor", () => {
  test("takes Metal's build for the CPU on Apple Silicon, where it is the only one", async () => {
    await installPackage(root, "mac-arm64-metal");
    const builds = await findBuilds(APPLE_SILICON, nodeLlama);
    expect(buildToAskFor("off", builds)).toBe("metal");
  });

  test("takes a build for the CPU alone where there is one, also one from source", async () => {
    await installPackage(root, "mac-arm64-metal");
    await buildFromSource(nodeLlama, "mac-x64");
    const builds = await findBuilds(APPLE_SILICON, nodeLlama);
    const local = { folder: "/local", ...CPU_FROM_SOURCE, files: [] };
    expect(buildToAskFor("off", builds)).toBe("metal");
    expect(buildToAskFor("off", [...builds, local])).toBe(false);
  });

  test("never takes another device's build for the CPU: it says what is missing instead", async () => {
    await installPackage(root, "linux-x64-vulkan");
    const builds = await findBuilds({ platform: "linux", arch: "x64" }, nodeLlama);
    expect(buildToAskFor("off", builds)).toBe(false);
    expect(buildToAskFor("off", [])).toBe(false);
  });

  test.each(GPU_CHOICES.filter((gpu) => gpu !== "off"))("asks for %s as it is", (gpu) => {
    expect(buildToAskFor(gpu, [])).toBe(gpu);
  });
});

describe("packageNames", () => {
  test("are the names that npm knows", () => {
    expect(packageNames(APPLE_SILICON)).toContain("@node-llama-cpp/mac-arm64-metal");
    expect(packageNames({ platform: "win32", arch: "x64" })).toContain(
      "@node-llama-cpp/win-x64-cuda",
    );
    expect(packageNames({ platform: "linux", arch: "arm" })).toContain(
      "@node-llama-cpp/linux-armv7l",
    );
  });
});

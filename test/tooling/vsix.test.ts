import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { OUTLINE_GRAMMARS } from "../../src/workspace/outlineGrammars.ts";
import { packageFolder } from "../../tooling/packageFolder.mjs";
import { packedFiles } from "../../tooling/packageVsix.ts";
import { runtimePackageFolders } from "../../tooling/runtimePackages.ts";
import {
  EXTENSION_PAGE,
  isOwnFilePacked,
  isPackageFilePacked,
  nativePackages,
  PLACEHOLDER,
  packedManifest,
  packedPage,
  repositoryPage,
  targetOf,
} from "../../tooling/vsixContents.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

describe("isOwnFilePacked", () => {
  test.each([
    "package.json",
    "package.nls.json",
    "l10n/bundle.l10n.json",
    "CHANGELOG.md",
    "LICENSE",
    "dist/extension.cjs",
    "dist/benchPanel.js",
    "dist/benchPanel.css",
    "dist/benchPanel.licenses.txt",
    "dist/engine.mjs",
    "models/treeline-tiny-target-q8_0.gguf",
    "media/icon.png",
    "media/walkthrough/accept.png",
  ])("packs %s", (path) => expect(isOwnFilePacked(path)).toBe(true));

  test.each([
    "dist/hostBench.mjs",
    "dist/peers.mjs",
    "dist/studies.mjs",
    "dist/traces.mjs",
    "dist/engine.mjs.map",
    "dist/benchPanel.js.map",
    "models/training/train.py",
    "src/ui/extension.ts",
    "test/ui/config.test.ts",
    "media/picture-benchmark.png",
    "README.md",
    ".npmrc",
    "package-lock.json",
    "treeline-linux-x64-0.1.0.vsix",
    "node_modules/vitest/package.json",
  ])("leaves out %s", (path) => expect(isOwnFilePacked(path)).toBe(false));
});

describe("packedPage", () => {
  const PAGE = "![A (b)](../media/a.png)\n\n[x](editor.md#settings) [y](../CHANGELOG.md)";

  test("takes pictures and links from the repository", () => {
    expect(packedPage(PAGE, "https://example.org/treeline")).toBe(
      "![A (b)](https://example.org/treeline/raw/HEAD/media/a.png)\n\n" +
        "[x](https://example.org/treeline/blob/HEAD/docs/editor.md#settings) " +
        "[y](https://example.org/treeline/blob/HEAD/CHANGELOG.md)",
    );
  });

  test("has none where there is no repository yet", () => {
    expect(repositoryPage(`https://github.com/${PLACEHOLDER}/treeline.git`)).toBeUndefined();
    expect(packedPage(PAGE, undefined)).toBe("x y");
  });

  test("leaves addresses and places on the page as they are", () => {
    const page = "Alt+], Alt+[ [a](https://example.org/b) [c](#d)";
    expect(packedPage(page, repositoryPage("https://example.org/treeline.git"))).toBe(page);
  });

  test("has every picture and every linked file of the real page", async () => {
    const page = await readFile(new URL(`../../${EXTENSION_PAGE}`, import.meta.url), "utf8");
    for (const [, relative = ""] of page.matchAll(/\]\(([^):#]+)\)/g)) {
      await expect(stat(new URL(`../../docs/${relative}`, import.meta.url))).resolves.toBeDefined();
    }
  });
});

describe("isPackageFilePacked", () => {
  test.each([
    ["node-llama-cpp", "dist/index.js"],
    ["node-llama-cpp", "dist/cli/utils/ConsoleInteraction.js"],
    ["node-llama-cpp", "llama/binariesGithubRelease.json"],
    ["node-llama-cpp", "llama/llama.cpp.info.json"],
    ["node-llama-cpp", "LICENSE"],
    ["koffi", "LICENSE.txt"],
    ["koffi", "src/koffi/index.js"],
    ["@node-llama-cpp/linux-x64", "bins/linux-x64/libllama.v0.4.0.so"],
    ["semver", "functions/parse.js"],
  ])("packs %s/%s", (name, path) => expect(isPackageFilePacked(name, path)).toBe(true));

  test.each([
    ["node-llama-cpp", "llama/gitRelease.bundle"],
    ["node-llama-cpp", "llama/addon/addon.cpp"],
    ["node-llama-cpp", "llama/CMakeLists.txt"],
    ["node-llama-cpp", "templates/empty.json"],
    ["node-llama-cpp", "dist/index.d.ts"],
    ["node-llama-cpp", "dist/index.js.map"],
    ["koffi", "vendor/node-api-headers/include/node_api.h"],
    ["koffi", "src/koffi/src/ffi.cc"],
    ["koffi", "doc/start.md"],
    ["semver", "README.md"],
    ["debug", ".github/workflows/ci.yml"],
    ["a", "node_modules/b/index.js"],
  ])("leaves out %s/%s", (name, path) => expect(isPackageFilePacked(name, path)).toBe(false));
});

describe("targetOf", () => {
  test("names the marketplace's targets", () => {
    expect(targetOf("linux", "x64")).toBe("linux-x64");
    expect(targetOf("darwin", "arm64")).toBe("darwin-arm64");
    expect(() => targetOf("freebsd", "x64")).toThrow(/no prebuilt binaries for freebsd-x64/);
  });

  test("no target brings CUDA", () => {
    for (const target of ["linux-x64", "win32-x64"] as const) {
      expect(nativePackages(target).join(" ")).not.toContain("cuda");
      expect(nativePackages(target).join(" ")).toContain("vulkan");
    }
  });
});

describe("packedManifest", () => {
  test("keeps what VS Code reads and drops what npm reads", () => {
    const packed = packedManifest({
      name: "x",
      main: "m",
      scripts: {},
      devDependencies: {},
      private: true,
    });
    expect(packed).toEqual({ name: "x", main: "m" });
  });

  test("leads to the repository once that has an address", () => {
    const packed = (owner: string) =>
      packedManifest({
        homepage: "h",
        repository: { url: `https://github.com/${owner}/treeline.git` },
      });
    expect(packed("somebody")).toHaveProperty("homepage");
    expect(packed(PLACEHOLDER)).toEqual({});
  });
});

describe("runtimePackageFolders", () => {
  test("finds what can be loaded and nothing that compiles", async () => {
    const folders = await runtimePackageFolders(REPOSITORY);
    expect(folders).toContain("node_modules/node-llama-cpp");
    expect(folders).toContain("node_modules/koffi");
    expect(folders).toContain("node_modules/lifecycle-utils");
    expect(folders).not.toContain("node_modules/cmake-js");
    expect(folders).not.toContain("node_modules/typescript");
    expect(folders).not.toContain("node_modules/vscode-jsonrpc");
  });

  test("keeps nested packages apart", () => {
    expect(packageFolder("node_modules/a/node_modules/@b/c/x/y.js")).toBe(
      "node_modules/a/node_modules/@b/c",
    );
    expect(packageFolder("node_modules/@b/c/x.js")).toBe("node_modules/@b/c");
    expect(packageFolder("src/a.ts")).toBeUndefined();
  });
});

describe("packedFiles", () => {
  test("is the real list: the parts are there, nothing is there twice, nothing of other platforms", async () => {
    const files = await packedFiles();
    const paths = files.map(({ to }) => to);
    expect(new Set(paths).size).toBe(paths.length);
    const native = nativePackages(targetOf(process.platform, process.arch));
    for (const name of native) {
      expect(paths).toContain(`dist/node_modules/${name}/package.json`);
    }
    const nativeFound = paths
      .map((path) => /(@node-llama-cpp|@koromix)\/[^/]+/.exec(path)?.[0])
      .filter((name) => name !== undefined);
    expect(new Set(nativeFound)).toEqual(new Set(native));
    expect(paths).toContain("dist/node_modules/node-llama-cpp/package.json");
    const grammars = OUTLINE_GRAMMARS.map(
      ({ wasm }) => `dist/node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-${wasm}.wasm`,
    );
    expect(paths.filter((path) => /tree-sitter-[^/]*\.wasm$/.test(path))).toEqual(
      [...new Set(grammars)].sort(),
    );
    expect(paths).toContain("dist/node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter.wasm");
    expect(paths).toContain("models/treeline-tiny-draft-q8_0.gguf");
    expect(paths.filter((path) => /\.(ts|map|bundle|cc|vsix)$/.test(path))).toEqual([]);
    expect(paths.filter((path) => path.startsWith("node_modules/"))).toEqual([]);
    expect(paths.length).toBeLessThan(1200);
  });
});

import { describe, expect, test } from "vitest";
import {
  type Manifest,
  publishCommands,
  type ReleaseFacts,
  releaseFaults,
  type VsixFacts,
  vsixFaults,
} from "../../tooling/publish/publishChecks.ts";
import { PLACEHOLDER, VSIX_TARGETS } from "../../tooling/vsixContents.ts";

const ADDRESS = "https://example.org/treeline";
const MANIFEST: Manifest = {
  name: "treeline",
  publisher: "treeline",
  version: "1.2.3",
  icon: "media/icon.png",
  license: "MIT",
  homepage: ADDRESS,
  repository: { url: `${ADDRESS}.git` },
  bugs: { url: `${ADDRESS}/issues` },
};
const RELEASE: ReleaseFacts = {
  manifest: MANIFEST,
  changelog: "# Changelog\n\n## 1.2.3\n",
  changedFiles: [],
  tags: ["v1.2.3"],
};

const vsix = (target: string, overrides: Partial<VsixFacts> = {}): VsixFacts => ({
  file: `treeline-${target}-1.2.3.vsix`,
  bytes: 43 * 1024 ** 2,
  manifest: MANIFEST,
  target,
  paths: [
    "extension/package.json",
    "extension/package.nls.json",
    "extension/readme.md",
    "extension/changelog.md",
    "extension/dist/extension.cjs",
    "extension/dist/engine.mjs",
    "extension/models/a.gguf",
    `extension/dist/node_modules/@node-llama-cpp/${target}/bins/llama`,
  ],
  readme: `![a](${ADDRESS}/a.png) [b](${ADDRESS})`,
  ...overrides,
});

describe("releaseFaults", () => {
  test("finds none in a release", () => expect(releaseFaults(RELEASE)).toEqual([]));

  test.each<[string, Partial<ReleaseFacts>]>([
    ["three numbers", { manifest: { ...MANIFEST, version: "1.2.3-beta" } }],
    [PLACEHOLDER, { manifest: { ...MANIFEST, homepage: `https://x/${PLACEHOLDER}/y` } }],
    ["or nothing", { manifest: { name: "a", publisher: "b", version: "1.2.3" } }],
    ['"## 1.2.3"', { changelog: "# Changelog\n\n## Unreleased\n" }],
    ["commit them first", { changedFiles: [" M README.md"] }],
    ["found v1.2.2", { tags: ["v1.2.2"] }],
  ])("says %s", (words, change) => {
    expect(releaseFaults({ ...RELEASE, ...change }).join()).toContain(words);
  });
});

describe("vsixFaults", () => {
  const all = VSIX_TARGETS.map((target) => vsix(target));

  test("finds none where there is one for each target", () => {
    expect(vsixFaults(MANIFEST, all)).toEqual([]);
  });

  test("names a target that is missing", () => {
    expect(vsixFaults(MANIFEST, all.slice(1))).toEqual([
      "Expected a VSIX for linux-x64, found none.",
    ]);
  });

  test.each<[string, Partial<VsixFacts>]>([
    ["expected the name treeline-linux-x64-1.2.3.vsix", { file: "treeline.vsix" }],
    ["expected version 1.2.3, found 1.2.2", { manifest: { ...MANIFEST, version: "1.2.2" } }],
    ["found 900", { bytes: 900 * 1024 ** 2 }],
    ["expected extension/dist/engine.mjs", { paths: ["extension/package.json"] }],
    ["found docs/editor.md", { readme: "[a](docs/editor.md)" }],
    ["found media/a.png", { readme: "![a](media/a.png)" }],
    ["expected pictures", { readme: `[a](${ADDRESS})` }],
  ])("says %s", (words, change) => {
    const files = [vsix("linux-x64", change), ...all.slice(1)];
    expect(vsixFaults(MANIFEST, files).join()).toContain(words);
  });
});

describe("publishCommands", () => {
  test("are one for each file and marketplace, and pass by what is there", () => {
    const commands = publishCommands(["a.vsix", "b.vsix"]);
    expect(commands.map((command) => command.at(-1))).toEqual([
      "a.vsix",
      "b.vsix",
      "a.vsix",
      "b.vsix",
    ]);
    for (const command of commands) expect(command).toContain("--skip-duplicate");
    expect(commands.flat().join()).toMatch(/vsce.*ovsx@\d+\.\d+\.\d+/);
  });
});

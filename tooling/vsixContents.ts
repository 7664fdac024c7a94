/**
 * Which files a VSIX holds. Pure, so that a test can ask it about any path.
 *
 * The runtime packages lie in `dist/node_modules`: vsce leaves out the `node_modules` at the top unless npm can explain
 * every package in it, and only those that can really be loaded come along.
 */

/** Native packages of each target of `vsce package --target`: llama.cpp's backends, koffi. CUDA is not bundled (it is 1 GB). */
const NATIVE_PACKAGES = {
  "linux-x64": [
    "@node-llama-cpp/linux-x64",
    "@node-llama-cpp/linux-x64-vulkan",
    "@koromix/koffi-linux-x64",
  ],
  "linux-arm64": ["@node-llama-cpp/linux-arm64", "@koromix/koffi-linux-arm64"],
  "darwin-x64": ["@node-llama-cpp/mac-x64", "@koromix/koffi-darwin-x64"],
  "darwin-arm64": ["@node-llama-cpp/mac-arm64-metal", "@koromix/koffi-darwin-arm64"],
  "win32-x64": [
    "@node-llama-cpp/win-x64",
    "@node-llama-cpp/win-x64-vulkan",
    "@koromix/koffi-win32-x64",
  ],
  "win32-arm64": ["@node-llama-cpp/win-arm64", "@koromix/koffi-win32-arm64"],
} as const;
export type VsixTarget = keyof typeof NATIVE_PACKAGES;

/** Targets of a release: those that the package workflow packs. */
export const VSIX_TARGETS = Object.keys(NATIVE_PACKAGES) as VsixTarget[];

/** Where the runtime packages lie in a VSIX. */
export const PACKAGED_MODULES = "dist/node_modules";

/** @throws RangeError for a platform without prebuilt binaries. */
export function targetOf(platform: string, arch: string): VsixTarget {
  const name = `${platform}-${arch}`;
  const target = VSIX_TARGETS.find((known) => known === name);
  if (target !== undefined) return target;
  throw new RangeError(
    `There are no prebuilt binaries for ${name}; expected one of ${VSIX_TARGETS.join(", ")}.`,
  );
}

export function nativePackages(target: VsixTarget): readonly string[] {
  return NATIVE_PACKAGES[target];
}

/** Files of the repository that go into the VSIX, as exact paths. */
const OWN_FILES: ReadonlySet<string> = new Set([
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
  "dist/cli.mjs",
  "models/README.md",
]);
const OWN_PATTERNS = [
  /^models\/[^/]+\.gguf$/,
  /^media\/(icon\.png|[^/]+\.(css|js))$/,
  /^media\/walkthrough\/[^/]+\.png$/,
];

/** The extension's page, by its path in the repository; in the VSIX it is the README. */
export const EXTENSION_PAGE = "docs/extension-page.md";

/** Stands in package.json until the repository has an address. */
export const PLACEHOLDER = "REPOSITORY-OWNER";

/** The repository's page; undefined while package.json has the placeholder. @param url - as git clones it. */
export function repositoryPage(url: string): string | undefined {
  return url.includes(PLACEHOLDER) ? undefined : url.replace(/\.git$/, "");
}

const IMAGE = /!\[([^\]\n]*)\]\(([^):]+)\)\n*/g;
const LINK = /(?<!!)\[([^[\]\n]*)\]\((?!#)([^):]+)\)/g;

/**
 * The extension's page as it is packed. VS Code shows no picture of a VSIX there, neither as a file nor as data, only those
 * of an https address: the repository's. Without one there are no pictures and no links, rather than broken ones.
 * @param repository - address of the repository's page, if it has one.
 */
export function packedPage(page: string, repository: string | undefined): string {
  const pathOf = (relative: string) => {
    const { pathname, hash } = new URL(relative, `file:///${EXTENSION_PAGE}`);
    return pathname.slice(1) + hash;
  };
  if (repository === undefined) return page.replace(IMAGE, "").replace(LINK, "$1");
  const at = (kind: "raw" | "blob", relative: string) =>
    `${repository}/${kind}/HEAD/${pathOf(relative)}`;
  return page
    .replace(IMAGE, (whole: string, alt: string, relative: string) => {
      const lineEnds = /\n*$/.exec(whole)?.[0] ?? "";
      return `![${alt}](${at("raw", relative)})${lineEnds}`;
    })
    .replace(LINK, (_, text: string, relative: string) => `[${text}](${at("blob", relative)})`);
}

/** Whether a file of the repository itself is packed. @param path - relative, with forward slashes. */
export function isOwnFilePacked(path: string): boolean {
  return OWN_FILES.has(path) || OWN_PATTERNS.some((pattern) => pattern.test(path));
}

/** What nobody loads at run time. Licenses stay: they have to come along. */
const DEAD_FILES = [
  /\.(d\.[cm]?ts|[cm]?ts|tsx|map|md|markdown|flow|tsbuildinfo|yml|yaml|gyp|cc|hh|inc|def|asm|S|h|c|txt)$/i,
  /(^|\/)(test|tests|__tests__|doc|docs|example|examples|benchmark|man|\.github)\//,
  /(^|\/)\.[^/]+$/,
  /(^|\/)(Makefile|makefile|CMakeLists\.txt)$/,
];
const LICENSE = /(^|\/)(licen[cs]e|notice|copying)[^/]*$/i;

/** llama.cpp's sources and the means to build them; what is left tells which release the binaries are of. */
const DEAD_LLAMA =
  /^llama\/(addon|cmake|grammars|patches|profiles|toolchains|xpack|gitRelease\.bundle|CMakeLists\.txt)/;
/** Grammars of languages that no outline is made of: `src/workspace/outlineGrammars.ts` has the others. */
const DEAD_GRAMMARS = /^wasm\/tree-sitter-(?!(typescript|tsx|javascript|python|go|cpp)\.wasm)/;
const DEAD_BY_PACKAGE: Readonly<Record<string, readonly RegExp[]>> = {
  "@vscode/tree-sitter-wasm": [DEAD_GRAMMARS],
  "node-llama-cpp": [DEAD_LLAMA, /^templates\//],
  koffi: [/^(vendor|lib)\//, /cnoke/],
};

/** Whether a file of a runtime package is packed. @param path - relative to the package, with forward slashes. */
export function isPackageFilePacked(packageName: string, path: string): boolean {
  if (path.split("/").includes("node_modules")) return false;
  if (DEAD_BY_PACKAGE[packageName]?.some((pattern) => pattern.test(path))) return false;
  return LICENSE.test(path) || !DEAD_FILES.some((pattern) => pattern.test(path));
}

/**
 * The manifest inside the VSIX: what only development needs is gone, the packages lie where no manifest lists them, and
 * nothing leads to a repository without an address.
 */
export function packedManifest(
  manifest: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const repository = manifest["repository"] as { readonly url?: string } | undefined;
  const address = repositoryPage(repository?.url ?? PLACEHOLDER);
  const dead = new Set([
    ...(address === undefined ? ["homepage", "repository", "bugs"] : []),
    "private",
    "bin",
    "scripts",
    "dependencies",
    "devDependencies",
    "overrides",
    "files",
  ]);
  return Object.fromEntries(Object.entries(manifest).filter(([key]) => !dead.has(key)));
}

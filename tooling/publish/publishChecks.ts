/** What must hold before a release goes to the marketplaces. Pure: facts in, sentences out. */
import { PLACEHOLDER, VSIX_TARGETS } from "../vsixContents.ts";

export interface Manifest {
  readonly name: string;
  readonly publisher: string;
  readonly version: string;
  readonly icon?: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly repository?: { readonly url: string };
  readonly bugs?: { readonly url: string };
  readonly engines?: { readonly vscode?: string };
}

/** What is known of the working tree. */
export interface ReleaseFacts {
  readonly manifest: Manifest;
  readonly changelog: string;
  /** `git status --porcelain`. */
  readonly changedFiles: readonly string[];
  /** Tags of the commit that is checked out. */
  readonly tags: readonly string[];
}

/** What is known of one packed VSIX. */
export interface VsixFacts {
  /** Name of the file. */
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** `TargetPlatform` of its own manifest; undefined where it has none. */
  readonly target: string | undefined;
  /** Paths in it. */
  readonly paths: readonly string[];
  readonly readme: string;
}

/** The marketplaces take larger ones, and people do not. */
const MAX_BYTES = 150 * 1024 ** 2;
const NEEDED_PATHS = [
  "extension/package.json",
  "extension/package.nls.json",
  "extension/readme.md",
  "extension/changelog.md",
  "extension/dist/extension.cjs",
  "extension/dist/engine.mjs",
];

/** One sentence for each thing that is not right; none where it may be published. */
export function releaseFaults(facts: ReleaseFacts): string[] {
  const { manifest, changelog, changedFiles, tags } = facts;
  const { version, icon, license, homepage, repository, bugs } = manifest;
  const addresses = [homepage, repository?.url, bugs?.url];
  const faults: string[] = [];
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    faults.push(
      `Expected a version of three numbers, found ${version}: the marketplace takes no other.`,
    );
  }
  if (addresses.some((address) => address === undefined || address.includes(PLACEHOLDER))) {
    faults.push(
      `Expected homepage, repository and bugs with the repository's address in package.json, found the placeholder ${PLACEHOLDER} or nothing.`,
    );
  }
  if (icon === undefined || license === undefined) {
    faults.push("Expected an icon and a license in package.json.");
  }
  if (!changelog.includes(`\n## ${version}`)) {
    faults.push(`Expected a section "## ${version}" in CHANGELOG.md: rename "Unreleased".`);
  }
  if (changedFiles.length > 0) {
    faults.push(`Expected no changed files, found ${changedFiles.length}: commit them first.`);
  }
  if (!tags.includes(`v${version}`)) {
    faults.push(`Expected the tag v${version} on this commit, found ${tags.join(", ") || "none"}.`);
  }
  return faults;
}

/** The same of the packed files, of which there is one for each target. */
export function vsixFaults(manifest: Manifest, files: readonly VsixFacts[]): string[] {
  const found = files.map(({ target }) => target);
  const missing = VSIX_TARGETS.filter((target) => !found.includes(target));
  return [
    ...missing.map((target) => `Expected a VSIX for ${target}, found none.`),
    ...files.flatMap((file) => fileFaults(manifest, file).map((fault) => `${file.file}: ${fault}`)),
  ];
}

function fileFaults(manifest: Manifest, file: VsixFacts): string[] {
  const { name, publisher, version } = manifest;
  const faults: string[] = [];
  const expected = `${name}-${file.target}-${version}.vsix`;
  if (file.file !== expected) faults.push(`expected the name ${expected}.`);
  for (const key of ["name", "publisher", "version"] as const) {
    const [want, have] = [{ name, publisher, version }[key], file.manifest[key]];
    if (have !== want) faults.push(`expected ${key} ${want}, found ${have}.`);
  }
  if (file.bytes > MAX_BYTES) {
    faults.push(
      `expected at most ${MAX_BYTES / 1024 ** 2} MB, found ${(file.bytes / 1024 ** 2).toFixed(0)}.`,
    );
  }
  const paths = new Set(file.paths.map((path) => path.toLowerCase()));
  faults.push(
    ...NEEDED_PATHS.filter((path) => !paths.has(path)).map((path) => `expected ${path} in it.`),
  );
  if (!file.paths.some((path) => path.endsWith(".gguf")))
    faults.push("expected the bundled models.");
  if (!file.paths.some((path) => /@node-llama-cpp\//.test(path))) {
    faults.push("expected llama.cpp's binaries.");
  }
  const relative = [...file.readme.matchAll(/\]\((?!https:|#)([^)]{1,60})/g)];
  faults.push(
    ...relative.map(([, link]) => `expected absolute links in its README, found ${link}.`),
  );
  if (!/!\[[^\]]*\]\(https:/.test(file.readme)) {
    faults.push("expected pictures in its README: pack it with the repository's address.");
  }
  return faults;
}

/**
 * Commands that publish the files, in order; they read their tokens from VSCE_PAT and OVSX_PAT. One for each file, which passes
 * by what is there: after a failure in the middle the same run goes on.
 */
export function publishCommands(files: readonly string[]): readonly (readonly string[])[] {
  const tools = [["vsce"], ["--yes", "ovsx@1.4.0"]];
  return tools.flatMap((tool) =>
    files.map((file) => ["npx", ...tool, "publish", "--skip-duplicate", "--packagePath", file]),
  );
}

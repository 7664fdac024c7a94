/**
 * Fetches sources in three languages for `treeline bench --suite accuracy`: pinned packages that were first published after
 * November 2024, so that a model with older training data has not seen them, all under the MIT licence. They go into a cache
 * outside the clone, a folder for the half that arms are chosen on and one for the half that is reported; nothing of them is run
 * or installed. Usage: node tooling/fetchUnseenSources.ts [folder]
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, sep } from "node:path";
import { UNSEEN_SOURCES_FOLDER } from "../test/support/realModels.ts";
import { fetchPackage, type SourcePackage } from "./sourcePackage.ts";
import { TRACE_HALVES, type TraceHalf } from "./traces/trace/trace.ts";

interface Package extends Required<SourcePackage> {
  readonly half: TraceHalf;
  /** First version's year and month, for the reader. */
  readonly firstPublished: string;
}

const PACKAGES: readonly Package[] = [
  {
    from: "npm",
    name: "@tanstack/db",
    version: "0.5.0",
    half: "choose",
    firstPublished: "2025-05",
    checksum: "58ebd68bbc6a39f674dae0afa1e893ce2b5c00fe7e8625487beaea533270508f",
  },
  {
    from: "npm",
    name: "@tanstack/pacer",
    version: "0.16.0",
    half: "report",
    firstPublished: "2025-02",
    checksum: "b98b64e8be4a144282ea66755c5b96c530eca44f9871b5a5051b3ecbb9f10e84",
  },
  {
    from: "pypi",
    name: "openai-agents",
    version: "0.2.0",
    half: "report",
    firstPublished: "2025-03",
    checksum: "101f2d978f0ad715413f650aed00622fca06d9982a2e7f18bd0ab0a7132ba696",
  },
  {
    from: "pypi",
    name: "markitdown",
    version: "0.1.3",
    half: "choose",
    firstPublished: "2024-12",
    checksum: "08d9a25770979d78f60dcc0afcb868de6799608e4db65342b2e03304fb091251",
  },
  {
    from: "go",
    name: "github.com/modelcontextprotocol/go-sdk",
    version: "v1.0.0",
    half: "choose",
    ...{ firstPublished: "2025-07", checksum: "h1:Z4MSjLi38bTgLrd/LjSmofqRqyBiVKRyQSJgw8q8V74=" },
  },
  {
    ...{ from: "go", name: "github.com/mark3labs/mcp-go", version: "v0.32.0", half: "report" },
    ...{ firstPublished: "2024-11", checksum: "h1:fgwmbfL2gbd67obg57OfV2Dnrhs1HtSdlY/i5fn7MU8=" },
  },
];

const EXTENSION = { npm: /(?<!\.d)\.tsx?$/, pypi: /\.py$/, go: /\.go$/ } as const;
/** No tests, examples and generated code: they repeat each other. */
const LEFT_OUT =
  /(^|\/)(tests?|__tests__|testdata|examples?)(\/|$)|_test\.go$|\.(test|spec)\.tsx?$|_gen\.go$/;
/** Copies the sources: the folder is there whole or not at all. */
function fetchSources(one: Package, folder: string): void {
  const { from, name, version, half } = one;
  const target = join(folder, half, `${name.replaceAll("@", "").replaceAll("/", "-")}-${version}`);
  if (existsSync(target)) return;
  const work = mkdtempSync(join(tmpdir(), "treeline-sources-"));
  const partial = `${target}.partial`;
  try {
    const root = fetchPackage(one, work);
    const unpacked = from === "npm" ? join(root, "src") : root;
    const isWanted = (path: string) =>
      EXTENSION[from].test(path) && !LEFT_OUT.test(relative(unpacked, path).split(sep).join("/"));
    rmSync(partial, { recursive: true, force: true });
    for (const path of readdirSync(unpacked, { recursive: true, encoding: "utf8" })) {
      const source = join(unpacked, path);
      if (isWanted(source)) cpSync(source, join(partial, path));
    }
    renameSync(partial, target);
    process.stdout.write(`${basename(target)}: first published ${one.firstPublished}, MIT\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const folder = process.argv[2] ?? UNSEEN_SOURCES_FOLDER;
for (const half of TRACE_HALVES) mkdirSync(join(folder, half), { recursive: true });
for (const one of PACKAGES) fetchSources(one, folder);
process.stdout.write(
  `Now: treeline bench --suite accuracy --workspace ${join(folder, "choose")}\n`,
);

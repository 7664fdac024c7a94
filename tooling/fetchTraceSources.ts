/**
 * `npm run traces:sources`: the sources that traces are recorded on, and the places in them, into `.cache/traces/sources`;
 * their licenses into `traces/licenses`. What a model of 2024 cannot have been trained on: packages first published in
 * 2025, and lines that this repository's own later commits added (`traces/README.md`). Needs npm, pip, go, git and tar.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { type SourceFile, type SourceSpot, seededRandom } from "../src/bench/spots/sourceSpots.ts";
import { isSourcePath, sourceTextOf } from "../src/workspace/sourceRules.ts";
import { fetchPackage, run, type SourcePackage } from "./sourcePackage.ts";
import { addedSpot, drawRestSpots } from "./traces/record/restSpots.ts";
import type { TraceSource } from "./traces/record/traceSources.ts";
import type { TraceHalf } from "./traces/trace/trace.ts";

interface TracedPackage extends SourcePackage {
  readonly license: string;
  readonly half: TraceHalf;
}

/** By registry: what its packages are written in, and where their own sources lie. */
const LANGUAGES = {
  npm: { languageId: "typescript", ending: ".ts", folder: "src" },
  pypi: { languageId: "python", ending: ".py", folder: "src" },
  go: { languageId: "go", ending: ".go", folder: "" },
} as const;

const PACKAGES: readonly TracedPackage[] = [
  { from: "npm", name: "@tanstack/db", version: "0.15.2", license: "MIT", half: "choose" },
  { from: "pypi", name: "claude-agent-sdk", version: "0.2.189", license: "MIT", half: "choose" },
  {
    from: "go",
    name: "github.com/modelcontextprotocol/go-sdk",
    version: "v1.8.0",
    license: "MIT AND Apache-2.0",
    half: "choose",
  },
  { from: "npm", name: "@tanstack/pacer", version: "0.22.0", license: "MIT", half: "report" },
  { from: "pypi", name: "openai-agents", version: "0.24.0", license: "MIT", half: "report" },
  {
    from: "go",
    name: "github.com/a2aproject/a2a-go",
    version: "v0.3.3",
    license: "Apache-2.0",
    half: "report",
  },
];

/** This repository: its sources at a commit, and the lines that were added until a later one. */
const HISTORY = {
  name: "treeline",
  license: "MIT",
  half: "report",
  languageId: "typescript",
  from: "796f2db",
  to: "5bee561",
} as const;

/** Characters of a repository's files; those with the first names stay. */
const MAX_CHARS = 1_000_000;
const NUM_PLACES = 400;
const SEED = 1;
/** More lines than that are not what is typed next. */
const MAX_ADDED_LINES = 12;

const REPOSITORY = resolve(import.meta.dirname, "..");
const SOURCES = join(REPOSITORY, ".cache/traces/sources");
const LICENSES = join(REPOSITORY, "traces/licenses");

function readSources(folder: string, ending: string): SourceFile[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter(isWanted)
    .sort();
  return capped(
    paths.flatMap((path) => {
      const text = sourceTextOf(readFileSync(join(folder, path)));
      return text === undefined ? [] : [{ path, text: text.replaceAll(/\r\n?/g, "\n") }];
    }),
  );
}

/** Tests and examples repeat what they are of. */
function isWanted(path: string): boolean {
  return (
    isSourcePath(path) && !/(^|[/_.-])(tests?|examples?|conformance)([/_.-]|$)|\.d\.ts$/i.test(path)
  );
}

function capped(files: readonly SourceFile[]): SourceFile[] {
  let numChars = 0;
  return files.filter(({ text }) => {
    numChars += text.length;
    return numChars <= MAX_CHARS;
  });
}

/** The sources before, and spots that hide what later commits added. */
function readHistory(): { files: SourceFile[]; spots: SourceSpot[] } {
  const { from, to } = HISTORY;
  const show = (commit: string, path: string) =>
    run("git", ["show", `${commit}:${path}`], REPOSITORY);
  const list = run("git", ["ls-tree", "-r", "--name-only", from, "src"], REPOSITORY);
  const paths = list.split("\n").filter((path) => path.endsWith(".ts") && isWanted(path));
  const files = capped(paths.map((path) => ({ path, text: show(from, path) })));
  const diff = run("git", ["diff", "-U0", "--no-renames", from, to, "--", "src"], REPOSITORY);
  const spots: SourceSpot[] = [];
  let file: SourceFile | undefined;
  for (const line of diff.split("\n")) {
    const [, path] = /^\+\+\+ b\/(.*\.ts)$/.exec(line) ?? [];
    if (path !== undefined) file = isWanted(path) ? { path, text: show(to, path) } : undefined;
    const [, first, count = "1"] = /^@@ \S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (first === undefined || file === undefined) continue;
    const numLines = Number(count);
    if (numLines < 1 || numLines > MAX_ADDED_LINES) continue;
    const added = { first: Number(first), last: Number(first) + numLines - 1 };
    const spot = addedSpot(file, added, SEED + spots.length);
    if (spot !== undefined) spots.push(spot);
  }
  return { files, spots: shuffled(spots) };
}

function shuffled<T>(all: readonly T[]): T[] {
  const random = seededRandom(SEED);
  return all
    .map((one) => ({ one, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one);
}

function write(name: string, source: TraceSource): void {
  const { files, spots } = source;
  writeFileSync(join(SOURCES, `${name}.json`), JSON.stringify(source));
  process.stdout.write(`${name}: ${files.length} files, ${spots.length} places\n`);
}

rmSync(SOURCES, { recursive: true, force: true });
mkdirSync(SOURCES, { recursive: true });
mkdirSync(LICENSES, { recursive: true });
for (const one of PACKAGES) {
  const folder = mkdtempSync(join(tmpdir(), "treeline-sources-"));
  try {
    const { name, version, license, half } = one;
    const { languageId, ending, folder: own } = LANGUAGES[one.from];
    const root = fetchPackage(one, folder, true);
    const files = readSources(join(root, own), ending);
    const spots = drawRestSpots(files, NUM_PLACES, SEED);
    const plainName = name.replaceAll(/[^\w-]+/g, "-").replace(/^-/, "");
    write(plainName, { name: `${name} ${version}`, license, half, languageId, files, spots });
    writeFileSync(join(LICENSES, `${plainName}.txt`), readFileSync(join(root, "LICENSE")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const { name, license, half, languageId, from, to } = HISTORY;
const history = { name: `${name} ${from}..${to}`, license, half, languageId };
write(name, { ...history, ...readHistory() });

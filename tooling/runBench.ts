/**
 * `npm run bench`: the reports of docs/benchmarks.md, on the real pair (`node tooling/fetchRealModels.ts`) and code that it has
 * not seen (`node tooling/fetchUnseenSources.ts`). All together take half a day of an idle machine: each report is kept in
 * .cache/bench once it is there, suites that can go on do so, and what is not measured is left out of the file.
 *
 *   npm run bench -- [--out FILE.md] [--only NAME,…] [--again] [--against LABEL=URL …]
 *
 * Only what follows a line of {@link MARKER} in the file is replaced; the words before it are a person's.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkReportFile, writeReportFile } from "../src/cli/bench/reportFile.ts";
import { messageOf } from "../src/core/base/errors.ts";
import {
  REAL_DRAFT_PATH,
  REAL_TARGET_PATH,
  UNSEEN_SOURCES_FOLDER,
} from "../test/support/realModels.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const CACHE = join(REPOSITORY, ".cache/bench");
const MARKER = "<!-- Written by `npm run bench` from here on. -->";

const SMALL = ["--target", REAL_DRAFT_PATH];
const LARGE = ["--target", REAL_TARGET_PATH];
const PAIR = [...LARGE, "--draft", REAL_DRAFT_PATH];
const AGAINST = "against";
const UNSEEN = ["--workspace", UNSEEN_SOURCES_FOLDER];

interface Section {
  readonly name: string;
  readonly title: string;
  readonly args: readonly string[];
  /** Whether it keeps results to go on from. */
  readonly resumes?: boolean;
}

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(CACHE, "benchmarks.md") },
    only: { type: "string" },
    again: { type: "boolean", default: false },
    against: { type: "string", multiple: true, default: [] },
  },
});

const SECTIONS: readonly Section[] = [
  { name: "repo", title: "On a workspace", args: ["--minutes", "10", ...PAIR] },
  {
    ...{ name: "scratch", title: "On code unlike the workspace" },
    args: ["--suite", "scratch", ...PAIR],
  },
  {
    ...{ name: "unpredictable", title: "On what nobody can predict" },
    args: ["--suite", "unpredictable", ...PAIR],
  },
  {
    ...{ name: "suggestions", title: "Several suggestions" },
    args: ["--suite", "suggestions", "--prompts", "8", ...PAIR],
  },
  {
    ...{ name: "typing-small", title: "While somebody types: 0.5B", resumes: true },
    args: ["--suite", "typing", "--sessions", "6", ...SMALL],
  },
  {
    ...{ name: "typing-pair", title: "While somebody types: 1.5B", resumes: true },
    args: ["--suite", "typing", "--sessions", "6", ...PAIR],
  },
  {
    ...{ name: "accuracy-small", title: "Accuracy: 0.5B", resumes: true },
    args: ["--suite", "accuracy", "--prompts", "300", ...UNSEEN, ...SMALL],
  },
  {
    ...{ name: "accuracy-large", title: "Accuracy: 1.5B", resumes: true },
    args: [
      ...["--suite", "accuracy", "--prompts", "300", ...UNSEEN, ...LARGE],
      ...["--compare", join(CACHE, "accuracy-small.json")],
    ],
  },
  {
    ...{ name: AGAINST, title: "Against llama-server", resumes: true },
    args: ["--prompts", "16", ...UNSEEN, ...PAIR],
  },
];

const controller = new AbortController();
process.once("SIGINT", () => controller.abort());

const only = values.only?.split(",");
const unknown = only?.find((name) => !SECTIONS.some((section) => section.name === name));
if (unknown !== undefined) {
  const names = SECTIONS.map(({ name }) => name).join(", ");
  fail(`Expected some of ${names} behind --only, found ${unknown}.`);
}
const out = resolve(values.out);
await mkdir(CACHE, { recursive: true });
// Before anything is measured, which takes long.
await checkReportFile(out).catch((error: unknown) => fail(messageOf(error)));
const words = await wordsBefore();

for (const section of SECTIONS) {
  const isWanted = only?.includes(section.name) ?? true;
  const needsServer = section.name === AGAINST && values.against.length === 0;
  if (isWanted && !needsServer && !controller.signal.aborted) await measure(section);
}
await writeReportFile(out, `${[words, MARKER, ...(await reports())].join("\n\n")}\n`);
process.stderr.write(`written: ${out}\n`);

async function measure({ name, title, args, resumes = false }: Section): Promise<void> {
  const [markdown, resume] = [pathOf(name, "md"), pathOf(name, "jsonl")];
  if (values.again) for (const path of [markdown, resume]) await rm(path, { force: true });
  if (existsSync(markdown)) return;
  const command = [
    ...["bench", "--gpu", "off", ...args, "--json", pathOf(name, "json"), "--markdown", markdown],
    ...(resumes ? ["--resume", resume] : []),
    ...(name === AGAINST ? values.against.flatMap((server) => ["--against", server]) : []),
  ];
  process.stderr.write(`${title}\n`);
  const cli = spawn(process.execPath, [join(REPOSITORY, "dist/cli.mjs"), ...command], {
    stdio: "inherit",
  });
  const [code] = (await once(cli, "exit")) as [number | null];
  if (code === 0) return;
  // What was measured before Ctrl+C is a report as well, and none to keep.
  await rm(markdown, { force: true });
  if (!controller.signal.aborted) process.exit(code ?? 1);
}

/** What stands before the marker in the file that is written. */
async function wordsBefore(): Promise<string> {
  const text = existsSync(out) ? await readFile(out, "utf8") : "";
  const end = text.indexOf(MARKER);
  if (end !== -1) return text.slice(0, end).trimEnd();
  if (text.trim() === "") return "# Benchmarks";
  return fail(
    `Expected the line ${MARKER} in ${out}, found none: all that it says would be replaced.`,
  );
}

async function reports(): Promise<string[]> {
  const texts: string[] = [];
  for (const { name, title, args } of SECTIONS) {
    const path = pathOf(name, "md");
    if (!existsSync(path)) continue;
    const report = (await readFile(path, "utf8")).replace(/^# .*\n+/, "").replaceAll(/^#/gm, "##");
    const shown = [...args, ...(name === AGAINST ? ["--against LABEL=URL …"] : [])].map((arg) =>
      arg
        .replace(REAL_TARGET_PATH, "1.5B")
        .replace(REAL_DRAFT_PATH, "0.5B")
        .replace(UNSEEN_SOURCES_FOLDER, "SOURCES")
        .replace(CACHE, "."),
    );
    texts.push(
      `## ${title}\n\n\`npx treeline bench --gpu off ${shown.join(" ")}\`\n\n${report.trim()}`,
    );
  }
  return texts;
}

function pathOf(name: string, extension: string): string {
  return join(CACHE, `${name}.${extension}`);
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}

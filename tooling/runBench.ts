/**
 * `npm run bench`: the speed suites on the bundled target widened to two larger models, which compute the same at the
 * cost of 0.3 and 0.15 billion parameters (DESIGN §9).
 *
 *   npm run bench -- [--out FILE.md] [--prompts N] [--prompt-tokens N] [--suite NAME] [--configs NAMES] [--minutes M]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkReportFile, writeReportFile } from "../src/cli/reportFile.ts";
import { messageOf } from "../src/core/errors.ts";
import { cachedWidenedModel } from "../src/widen/cachedWidenedModel.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const CACHE = join(REPOSITORY, ".cache/bench");
const TARGET = join(REPOSITORY, "models/treeline-tiny-target-q8_0.gguf");
const DRAFT = join(REPOSITORY, "models/treeline-tiny-draft-q8_0.gguf");

const MODELS = [
  { title: "0.3 B, Q8_0", shape: { width: 768, numLayers: 27, ffnWidth: 4096, type: "q8_0" } },
  { title: "0.15 B, F16", shape: { width: 768, numLayers: 13, ffnWidth: 4096, type: "f16" } },
] as const;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(CACHE, "benchmarks.md") },
    prompts: { type: "string", default: "16" },
    suite: { type: "string", default: "all" },
    minutes: { type: "string", default: "60" },
    "prompt-tokens": { type: "string", default: "256" },
    configs: { type: "string" },
  },
});
const controller = new AbortController();
process.once("SIGINT", () => controller.abort());
const { signal } = controller;

const out = resolve(values.out);
await mkdir(CACHE, { recursive: true });
// Before anything is measured, which takes many minutes.
await checkReportFile(out).catch((error: unknown) => {
  process.stderr.write(`error: ${messageOf(error)}\n`);
  process.exit(1);
});

const sections: string[] = [];
for (const { title, shape } of MODELS) {
  const { path } = await cachedWidenedModel(TARGET, CACHE, { ...shape, signal });
  const markdown = join(CACHE, `${shape.type}.md`);
  const json = join(CACHE, `${shape.type}.json`);
  const args = [
    ...["bench", "--gpu", "off", "--target", path, "--draft", DRAFT, "--suite", values.suite],
    ...["--prompts", values.prompts, "--prompt-tokens", values["prompt-tokens"]],
    ...["--minutes", values.minutes],
    ...["--markdown", markdown, "--json", json],
    ...(values.configs === undefined ? [] : ["--configs", values.configs]),
  ];
  process.stderr.write(`${title}: treeline ${args.slice(0, 3).join(" ")} …\n`);
  const cli = spawn(process.execPath, [join(REPOSITORY, "dist/cli.mjs"), ...args], {
    stdio: "inherit",
  });
  const [code] = (await once(cli, "exit")) as [number | null];
  if (code !== 0) process.exit(code ?? 1);
  const { date } = JSON.parse(await readFile(json, "utf8")) as { date: string };
  const report = (await readFile(markdown, "utf8")).replaceAll(/^#/gm, "##");
  sections.push(`# ${title} (${date.slice(0, 10)})\n\n${report.trim()}`);
}
const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
const intro = `# Benchmarks

Written by \`${command}\`, losses included. The bundled tiny target, widened: the same function at the cost of a larger
model, so that what drafts cost and what a pass costs stand in a realistic ratio. What the tiny target writes is poor and
hardly to be predicted; a real model's code repeats itself more. How every figure is measured stands under each report.
`;
const text = [intro.trim(), ...sections.map((section) => `#${section}`)].join("\n\n");
await writeReportFile(out, `${text}\n`);
process.stderr.write(`written: ${out}\n`);

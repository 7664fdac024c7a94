/**
 * `npm run traces`: records what a pair of models says, and compares drafters, fusion and policy on it without the models
 * (CONTRIBUTING.md). In a clone only.
 *
 *   npm run traces -- record FILE --target GGUF [--draft GGUF] [--tokens N] [--max-tokens N] [--prompt-tokens N]
 *   npm run traces -- complete FILE --out FILE --target GGUF [--draft GGUF] [--configs NAMES] [--costs NAMES]
 *   npm run traces -- replay FILE [--half choose|report|all] [--costs NAMES] [--configs NAMES] [--json FILE] [--before JSON]
 *   npm run traces -- check FILE --target GGUF [--draft GGUF] [--places N] [--configs NAMES] [--costs NAME] [--free]
 */
import { access, constants, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { PLAIN_CONFIG } from "../../../src/bench/base/benchConfigNames.ts";
import { GPU_CHOICES, type GpuChoice } from "../../../src/core/base/backend.ts";
import { EngineError, isAbortError, messageOf } from "../../../src/core/base/errors.ts";
import { loadModelPair, type ModelPair } from "../../../src/engine/models/modelHost.ts";
import { ALL_REPLAY_CONFIGS, DEFAULT_REPLAY_CONFIGS } from "../replay/replayConfigs.ts";
import {
  flatCosts,
  type ReplayCosts,
  recordedCosts,
  withDraftShare,
} from "../replay/replayCosts.ts";
import { describeTrace, formatChecks, MAX_REPLAY_ERROR } from "../replay/replayReport.ts";
import { type CostsReport, readReport, replayAtCosts } from "../replay/replayRuns.ts";
import { TRACE_HALVES, type Trace, type TraceHalf } from "../trace/trace.ts";
import { checkTrace } from "./checkTrace.ts";
import { type CompletionProgress, completeTrace } from "./completeTrace.ts";
import { type RecordProgress, recordTrace } from "./recordTrace.ts";
import { readTrace } from "./traceFile.ts";

/** As completions have it (`cli/base/engineSession.ts`). */
const CONTEXT_SIZE = 4096;
const SOURCES_FOLDER = ".cache/traces/sources";
const DEFAULT_COSTS = "cpu,flat8,flat16";
/** Those whose drafts follow from what was verified. */
const COMPLETED_CONFIGS = ["recycling", "fused"];
const CHECKED_CONFIGS = ["draftModel", "union", "fused"];

const OPTIONS = {
  target: { type: "string" },
  draft: { type: "string" },
  gpu: { type: "string", default: "auto" },
  sources: { type: "string", default: SOURCES_FOLDER },
  tokens: { type: "string", default: "20000" },
  "max-tokens": { type: "string", default: "96" },
  "prompt-tokens": { type: "string", default: "256" },
  half: { type: "string", default: "report" },
  costs: { type: "string", default: DEFAULT_COSTS },
  configs: { type: "string" },
  places: { type: "string", default: "16" },
  free: { type: "boolean", default: false },
  json: { type: "string" },
  before: { type: "string" },
  out: { type: "string" },
} as const satisfies ParseArgsConfig["options"];

type Options = ReturnType<typeof parse>["values"];

const out = (text: string) => process.stdout.write(`${text}\n`);
const note = (text: string) => process.stderr.write(`${text}\n`);

function parse() {
  return parseArgs({ options: OPTIONS, allowPositionals: true });
}

function refuse(message: string): never {
  throw new EngineError("invalidRequest", message);
}

function count(name: string, value: string): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  return number >= 1 ? number : refuse(`--${name} is "${value}", expected a whole number from 1.`);
}

function refuseCosts(name: string): never {
  return refuse(
    `--costs has "${name}", expected cpu, flat8 or another number of rows, each with @0.2 or another share of the target for the draft model.`,
  );
}

/** Before all is replayed. */
async function assertWritable(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  await access(folder, constants.W_OK).catch(() =>
    refuse(`--json is "${path}": expected a folder that can be written, found none at ${folder}.`),
  );
}

function configNames(value: string | undefined, usual: readonly string[]): readonly string[] {
  const names = value === "all" ? ALL_REPLAY_CONFIGS : (value?.split(",") ?? usual);
  const unknown = names.find((name) => !ALL_REPLAY_CONFIGS.includes(name));
  if (unknown === undefined) return names;
  return refuse(`"${unknown}" is none of ${ALL_REPLAY_CONFIGS.join(", ")}, or all.`);
}

async function withPair<T>(
  { target, draft, gpu }: Options,
  signal: AbortSignal,
  use: (pair: ModelPair) => Promise<T>,
): Promise<T> {
  if (target === undefined) return refuse("Expected a target model: --target GGUF.");
  const choice = GPU_CHOICES.find((one) => one === gpu);
  if (choice === undefined) return refuse(`--gpu is "${gpu}", expected ${GPU_CHOICES.join(", ")}.`);
  const params = {
    targetPath: target,
    contextSize: CONTEXT_SIZE,
    ...(draft === undefined ? {} : { draftPath: draft }),
  };
  const pair = await loadModelPair(choice satisfies GpuChoice, params, () => {}, signal);
  try {
    for (const notice of pair.loaded.notices) note(notice);
    return await use(pair);
  } finally {
    pair[Symbol.dispose]();
  }
}

async function record(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const numTokens = count("tokens", options.tokens);
  const settings = {
    path,
    sourcesFolder: options.sources,
    numTokens,
    maxTokens: count("max-tokens", options["max-tokens"]),
    maxPromptTokens: count("prompt-tokens", options["prompt-tokens"]),
  };
  let first: { readonly at: number; readonly tokens: number } | undefined;
  const tell = ({ numTokens: done, numPlaces, what }: RecordProgress) => {
    if (numPlaces === 0) {
      note(what);
      return;
    }
    const at = performance.now();
    first ??= { at, tokens: done };
    const speed = (done - first.tokens) / (at - first.at);
    const left = speed > 0 ? `, ${Math.ceil((numTokens - done) / speed / 60_000)} min left` : "";
    note(`${done} of ${numTokens} tokens, ${numPlaces} places${left}; ${what}`);
  };
  await withPair(options, signal, (pair) => recordTrace(pair, settings, tell, signal));
  out(describeTrace(await readTrace(path), "all"));
}

function costsOf(names: string, { header }: Trace): ReplayCosts[] {
  return names.split(",").map((name) => {
    const [, machine, rows, share] = /^(cpu|flat(\d+))(?:@(0?\.\d+|1))?$/.exec(name) ?? [];
    if (machine === undefined) refuseCosts(name);
    const costs =
      rows === undefined
        ? recordedCosts(header)
        : flatCosts(header, Math.max(2, count("costs", rows)));
    return share === undefined ? costs : withDraftShare(costs, Number(share));
  });
}

/** Another file, so that nothing is lost where it stops. */
async function complete(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const outPath = options.out;
  if (outPath === undefined) return refuse("Expected a file for the completed trace: --out FILE.");
  const configs = configNames(options.configs, COMPLETED_CONFIGS);
  const trace = await readTrace(path);
  const settings = { path, outPath, configs, costs: costsOf(options.costs, trace) };
  const tell = ({ numPlaces, numAdded }: CompletionProgress) =>
    note(`${numPlaces} of ${trace.prompts.length} places, ${numAdded} rows more at the last one`);
  await withPair(options, signal, (pair) => completeTrace(pair, trace, settings, tell, signal));
  out(describeTrace(await readTrace(outPath), "all"));
}

async function replay(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const { half } = options;
  const isHalf = (name: string): name is TraceHalf | "all" =>
    name === "all" || TRACE_HALVES.some((one) => one === name);
  if (!isHalf(half)) return refuse(`--half is "${half}", expected choose, report or all.`);
  // The others are compared with plain decoding.
  const names = new Set([PLAIN_CONFIG, ...configNames(options.configs, DEFAULT_REPLAY_CONFIGS)]);
  if (options.json !== undefined) await assertWritable(options.json);
  const trace = await readTrace(path);
  const prompts = trace.prompts.filter(
    ({ repository }) => half === "all" || trace.header.repositories[repository]?.half === half,
  );
  if (prompts.length === 0) return refuse(`${path} has no place of the half ${half}.`);
  const allCosts = costsOf(options.costs, trace);
  const { before: beforePath } = options;
  const before = beforePath === undefined ? undefined : await readReport(beforePath, half);
  out(`${describeTrace(trace, half)}\n`);
  const plan = { prompts, configs: [...names], before };
  const report: CostsReport[] = [];
  for (const costs of allCosts) {
    const { table, ...figures } = await replayAtCosts(trace, plan, costs, note, signal);
    report.push(figures);
    out(`${table}\n`);
  }
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify({ half, report }, null, 2)}\n`);
  }
}

/** Exits 1 where a configuration's tokens per pass differ by more than 1 %. */
async function check(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const configs = configNames(options.configs, CHECKED_CONFIGS);
  const numPlaces = count("places", options.places);
  const trace = await readTrace(path);
  // One clock is enough: the first.
  const [costs = recordedCosts(trace.header)] = costsOf(options.costs, trace);
  const settings = { path, configs, numPlaces, isFree: options.free, costs };
  const checks = await withPair(options, signal, (pair) =>
    checkTrace(pair, trace, settings, note, signal),
  );
  out(formatChecks(checks));
  const off = checks.filter(({ error }) => error > MAX_REPLAY_ERROR);
  if (off.length === 0) return;
  process.exitCode = 1;
  note(`off by more than 1 %: ${off.map(({ config }) => config).join(", ")}`);
}

const COMMANDS = { record, complete, replay, check };

async function main(): Promise<void> {
  const controller = new AbortController();
  // Not once: where no listener is left a library that cleans up at exits ends the process before us.
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  try {
    const { values, positionals } = parse();
    const [name, path, ...others] = positionals;
    const command = Object.entries(COMMANDS).find(([known]) => known === name)?.[1];
    if (command === undefined || path === undefined || others.length > 0) {
      refuse(
        `Expected ${Object.keys(COMMANDS).join(", ")} and a file, found "${positionals.join(" ")}".`,
      );
    }
    await command(path, values, controller.signal);
  } catch (error) {
    if (!isAbortError(error)) note(`error: ${messageOf(error)}`);
    process.exitCode = isAbortError(error) ? 130 : 1;
  }
}

await main();

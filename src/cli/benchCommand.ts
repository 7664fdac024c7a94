/** `treeline bench`: one suite, one engine, one report. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SPEED_SUITES } from "../bench/benchConfigNames.ts";
import { messageOf } from "../core/errors.ts";
import type { BenchOptions, BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { CliError, EXIT_USAGE } from "./cliError.ts";
import { type CommandContext, withEngine } from "./engineSession.ts";
import { speedSuite } from "./speedSuite.ts";
import { suggestionsSuite } from "./suggestionsSuite.ts";
import { typingSuite } from "./typingSuite.ts";

export const DEFAULT_SEED = 1;

export const SUITE_NAMES = [...SPEED_SUITES, "all", "suggestions", "typing"] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

/** Options that belong to some suites only, as the user writes them. */
const SPEED_OPTIONS = {
  workspace: "--workspace",
  configs: "--configs",
  prompts: "--prompts",
  maxTokens: "--max-tokens",
  promptTokens: "--prompt-tokens",
} as const;
/** Of suites that compare configurations. */
const CONFIG_OPTIONS = { configs: "--configs", flatRows: "--flat-rows" } as const;
const TYPING_OPTIONS = { sessions: "--sessions" } as const;

/** @throws CliError for an option that the suite does not have. */
export async function benchCommand(
  options: BenchOptions & { readonly suite: SuiteName },
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { suite } = options;
  refuseOptions(suite === "typing" ? SPEED_OPTIONS : TYPING_OPTIONS, options);
  if (suite === "suggestions") refuseOptions(CONFIG_OPTIONS, options);
  const run = <R>(of: BenchSuite<R>) =>
    withEngine(
      options,
      context,
      (session) => runSuite(of, { options, context, session }, signal),
      signal,
    );
  if (options.cost === true) return run(speedSuite([]));
  if (suite === "typing") return run(typingSuite);
  if (suite === "suggestions") return run(suggestionsSuite);
  return run(speedSuite(suite === "all" ? SPEED_SUITES : [suite]));
}

function refuseOptions(
  foreign: Partial<Record<keyof BenchOptions, string>>,
  options: BenchOptions & { readonly suite: SuiteName },
): void {
  for (const [name, flag] of Object.entries(foreign)) {
    if (options[name as keyof BenchOptions] === undefined) continue;
    throw new CliError(`The suite ${options.suite} does not have the option ${flag}.`, EXIT_USAGE);
  }
}

async function runSuite<R>(
  suite: BenchSuite<R>,
  surroundings: SuiteSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { options, context } = surroundings;
  const { terminal, workingFolder } = context;
  const { json: jsonFile, markdown: markdownFile } = options;
  const report = await suite.measure(surroundings, signal);
  terminal.progress("");
  const json = `${JSON.stringify(report, null, 2)}\n`;
  const text = suite.format(report);
  terminal.out(jsonFile === "-" ? json : text);
  if (jsonFile !== undefined && jsonFile !== "-") {
    await writeReport(resolve(workingFolder, jsonFile), json);
  }
  if (markdownFile !== undefined) await writeReport(resolve(workingFolder, markdownFile), text);
  signal.throwIfAborted();
}

async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new CliError(`Cannot write the report to ${path}: ${messageOf(error)}.`);
  }
}

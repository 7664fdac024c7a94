/** `treeline bench`: one suite, one engine, one report. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { BenchOptions, BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { CliError } from "./cliError.ts";
import { type CommandContext, withEngine } from "./engineSession.ts";
import { typingSuite } from "./typingSuite.ts";

export const DEFAULT_SEED = 1;

const SUITES = { typing: typingSuite };

export type SuiteName = keyof typeof SUITES;
export const SUITE_NAMES: readonly SuiteName[] = ["typing"];

export async function benchCommand(
  options: BenchOptions & { readonly suite: SuiteName },
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  await withEngine(
    options,
    context,
    (session) => runSuite(SUITES[options.suite], { options, context, session }, signal),
    signal,
  );
}

async function runSuite<R>(
  suite: BenchSuite<R>,
  surroundings: SuiteSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { options, context } = surroundings;
  const { terminal, workingFolder } = context;
  const report = await suite.measure(surroundings, signal);
  terminal.progress("");
  const json = `${JSON.stringify(report, null, 2)}\n`;
  if (options.json === "-") terminal.out(json);
  else terminal.out(suite.format(report));
  if (options.json !== undefined && options.json !== "-") {
    await writeReport(resolve(workingFolder, options.json), json);
  }
  signal.throwIfAborted();
}

async function writeReport(path: string, json: string): Promise<void> {
  try {
    await writeFile(path, json);
  } catch (error) {
    throw new CliError(`Cannot write the report to ${path}: ${messageOf(error)}.`);
  }
}

/** `treeline bench`: one suite, one engine where it needs models, one report. */
import { resolve } from "node:path";
import { SPEED_SUITES } from "../../bench/base/benchConfigNames.ts";
import { visibleText } from "../../core/base/foreignText.ts";
import { CliError, EXIT_USAGE } from "../base/cliError.ts";
import { type CommandContext, withEngine } from "../base/engineSession.ts";
import { accuracySuite } from "./accuracySuite.ts";
import { againstSuite } from "./againstSuite.ts";
import type { BenchOptions, BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { checkReportFile, writeReportFile } from "./reportFile.ts";
import { speedSuite } from "./speedSuite.ts";
import { suggestionsSuite } from "./suggestionsSuite.ts";
import { typingSuite } from "./typingSuite.ts";

export const DEFAULT_SEED = 1;
/** Stands for the standard output where a file is named. */
const STDOUT = "-";

export const SUITE_NAMES = [...SPEED_SUITES, "all", "suggestions", "typing", "accuracy"] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

/** What `bench` measures: a suite, what a pass costs, or other programs. */
type Measured = SuiteName | "cost" | "against";

const SPEED: readonly Measured[] = [...SPEED_SUITES, "all"];
/** What hides spans of code. */
const DRAWING: readonly Measured[] = [...SPEED, "suggestions", "accuracy", "against"];

/** Options that not everything has, with what has them. */
const OWNERS: Partial<Record<keyof BenchOptions | "suite", readonly Measured[]>> = {
  suite: SUITE_NAMES,
  seed: [...SUITE_NAMES, "against"],
  ...{ workspace: DRAWING, prompts: DRAWING, maxTokens: DRAWING },
  ...{ configs: SPEED, minutes: SPEED, cold: SPEED },
  flatRows: [...SPEED, "suggestions"],
  promptTokens: [...SPEED, "suggestions", "accuracy"],
  ...{ sessions: ["typing"], firstLine: ["typing"] },
  resume: ["typing", "accuracy", "against"],
  arms: ["typing", "accuracy"],
  ...{ suggestions: ["accuracy"], compare: ["accuracy"] },
  ...{ context: ["accuracy"], contextTokens: ["accuracy"] },
  against: ["against"],
};

/**
 * @param isWritten - whether the user wrote an option: some have a default, which is no wish.
 * @throws CliError for an option that is of no use, EngineError for a report that could not be written.
 */
export async function benchCommand(
  options: BenchOptions & { readonly suite: SuiteName },
  context: CommandContext,
  signal: AbortSignal,
  isWritten: (name: string) => boolean,
): Promise<void> {
  const { suite } = options;
  const isAgainst = options.against !== undefined;
  refuseOptions(options.cost === true ? "cost" : isAgainst ? "against" : suite, isWritten);
  for (const { path } of reportFiles(options, context)) await checkReportFile(path);
  const run = <R>(of: BenchSuite<R>) => {
    const { terminal } = context;
    terminal.tellProgress();
    if (of.plan !== undefined) terminal.note(of.plan(options));
    return withEngine(
      options,
      context,
      (session) => runSuite(of, { options, context, session }, signal),
      signal,
    );
  };
  if (options.cost === true) return run(speedSuite([]));
  if (isAgainst) return run(againstSuite);
  if (suite === "accuracy") return run(accuracySuite);
  if (suite === "typing") return run(typingSuite());
  if (suite === "suggestions") return run(suggestionsSuite);
  return run(speedSuite(suite === "all" ? SPEED_SUITES : [suite]));
}

function refuseOptions(measured: Measured, isWritten: (name: string) => boolean): void {
  const isSuite = measured !== "cost" && measured !== "against";
  const who = isSuite ? `The suite ${measured}` : `--${measured}, which runs no suite,`;
  for (const [name, owners] of Object.entries(OWNERS)) {
    if (owners.includes(measured) || !isWritten(name)) continue;
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new CliError(`${who} does not have the option --${flag}.`, EXIT_USAGE);
  }
}

/** The files that a report goes to. */
function reportFiles(
  { json, markdown }: BenchOptions,
  { workingFolder }: CommandContext,
): { readonly path: string; readonly holds: "json" | "text" }[] {
  const at = (path: string) => resolve(workingFolder, path);
  return [
    ...(json === undefined || json === STDOUT ? [] : [{ path: at(json), holds: "json" as const }]),
    ...(markdown === undefined ? [] : [{ path: at(markdown), holds: "text" as const }]),
  ];
}

async function runSuite<R>(
  suite: BenchSuite<R>,
  surroundings: SuiteSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { options, context } = surroundings;
  const { terminal } = context;
  const report = await suite.measure(surroundings, signal);
  terminal.progress("");
  const written = {
    json: `${visibleText(JSON.stringify(report, null, 2))}\n`,
    text: suite.format(report),
  };
  terminal.out(options.json === STDOUT ? written.json : written.text);
  // The beginning of a long report has left the screen by now.
  const summary = terminal.isInteractive ? suite.summary?.(report) : undefined;
  if (summary !== undefined) terminal.note(summary);
  for (const { path, holds } of reportFiles(options, context)) {
    await writeReportFile(path, written[holds]);
  }
  signal.throwIfAborted();
}

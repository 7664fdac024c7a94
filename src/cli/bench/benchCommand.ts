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

/** Options that belong to some suites only, as the user writes them. */
const SPEED_ONLY = { configs: "--configs", minutes: "--minutes" } as const;
const FLAT_ROWS = { flatRows: "--flat-rows" } as const;
const PROMPT_TOKENS = { promptTokens: "--prompt-tokens" } as const;
const RESUMED = { resume: "--resume" } as const;
const ANSWERS = {
  suggestions: "--suggestions",
  compare: "--compare",
  context: "--context",
  contextTokens: "--context-tokens",
} as const;
const ARMS = { arms: "--arms" } as const;
/** Of what is asked place by place. */
const PLACES = { ...RESUMED, ...ANSWERS, ...ARMS };
const SESSIONS = { sessions: "--sessions", firstLine: "--first-line" } as const;
const PROMPTS = {
  workspace: "--workspace",
  prompts: "--prompts",
  maxTokens: "--max-tokens",
} as const;
const SPEED = { ...SESSIONS, ...PLACES };
const DRAWN = { suite: "--suite", seed: "--seed" } as const;

/** What `bench` measures: a suite, what a pass costs, or other programs. */
type Measured = SuiteName | "cost" | "against";

/** Options that are of no use to what is measured. */
const FOREIGN_OPTIONS: Record<Measured, Partial<Record<keyof BenchOptions | "suite", string>>> = {
  ...{ all: SPEED, repo: SPEED, scratch: SPEED, unpredictable: SPEED },
  suggestions: { ...SESSIONS, ...SPEED_ONLY, ...PLACES },
  typing: { ...PROMPTS, ...SPEED_ONLY, ...PROMPT_TOKENS, ...FLAT_ROWS, ...ANSWERS },
  accuracy: { ...SESSIONS, ...SPEED_ONLY, ...FLAT_ROWS },
  cost: {
    ...{ ...DRAWN, ...SESSIONS, ...PROMPTS, ...SPEED_ONLY, ...PROMPT_TOKENS, ...FLAT_ROWS },
    ...{ ...PLACES, against: "--against" },
  },
  against: {
    ...{ suite: "--suite", ...SESSIONS, ...SPEED_ONLY, ...PROMPT_TOKENS, ...FLAT_ROWS },
    ...ANSWERS,
    ...ARMS,
  },
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
  for (const [name, flag] of Object.entries(FOREIGN_OPTIONS[measured])) {
    if (!isWritten(name)) continue;
    throw new CliError(`${who} does not have the option ${flag}.`, EXIT_USAGE);
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

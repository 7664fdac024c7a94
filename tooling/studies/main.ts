/** `npm run study`: what the workspace's index costs by size, and what the stores of an earlier session bring. In a clone only. */
import { resolve } from "node:path";
import { Command, Option } from "commander";
import {
  CONTEXT_SIZE,
  type CommandContext,
  type ModelOptions,
} from "../../src/cli/base/engineSession.ts";
import { modelsToLoad } from "../../src/cli/base/installedModels.ts";
import { runProgram } from "../../src/cli/base/runProgram.ts";
import { checkReportFile, writeReportFile } from "../../src/cli/bench/reportFile.ts";
import { progressLine, workspaceSources } from "../../src/cli/bench/speedSuite.ts";
import { DEFAULT_MAX_TOKENS, DEFAULT_PROMPTS } from "../../src/cli/bench/suggestionsSuite.ts";
import { positiveInteger } from "../../src/cli/optionValues.ts";
import { GPU_CHOICES } from "../../src/core/base/backend.ts";
import { visibleText } from "../../src/core/base/foreignText.ts";
import { loadModelPair } from "../../src/engine/models/modelHost.ts";
import { formatIndexReport } from "./indexReport.ts";
import { indexStudy } from "./indexStudy.ts";
import { warmStart } from "./warmStart.ts";
import { formatWarmStartReport } from "./warmStartReport.ts";

interface ReportOptions {
  readonly seed: number;
  readonly json?: string;
  readonly markdown?: string;
}

interface WarmStartOptions extends ReportOptions, ModelOptions {
  readonly workspace?: string;
  readonly prompts: number;
  readonly maxTokens: number;
  readonly flatRows?: number;
}

await runProgram(import.meta.url, (context, signal) => {
  const program = new Command("study")
    .exitOverride()
    .configureOutput({ writeErr: (text) => context.terminal.notes(text) });
  const study = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option("--seed <number>", "draws what is measured", positiveInteger, 1)
      .option("--json <file>", "write the figures as JSON")
      .option("--markdown <file>", "write the report to a file");
  study("index", "the workspace index from 10k to 5M tokens, without a model").action(
    (options: ReportOptions) =>
      reported(options, context, formatIndexReport, () => {
        const onProgress = (line: string) => context.terminal.progress(line);
        return indexStudy(options.seed, onProgress, signal);
      }),
  );
  study("warm-start", "what the first step accepts with an earlier session's stores, and without")
    .option("--target <gguf>", "target model; the bundled tiny pair if absent")
    .option("--draft <gguf>", "draft model with the target's vocabulary")
    .addOption(new Option("--gpu <backend>").choices(GPU_CHOICES).default("auto"))
    .option("--workspace <folder>", "code of yours; sources of npm packages if absent")
    .option("--prompts <number>", "requests that are replayed", positiveInteger, DEFAULT_PROMPTS)
    .option("--max-tokens <number>", "output tokens at most", positiveInteger, DEFAULT_MAX_TOKENS)
    .option(
      "--flat-rows <number>",
      "choose drafts as if passes of up to so many rows cost the same",
      positiveInteger,
    )
    .action((options: WarmStartOptions) =>
      reported(options, context, formatWarmStartReport, () =>
        warmStartStudy(options, context, signal),
      ),
    );
  return program;

  async function reported<R>(
    { json, markdown }: ReportOptions,
    { terminal, workingFolder }: CommandContext,
    format: (report: R) => string,
    measure: () => Promise<R>,
  ): Promise<void> {
    const files = [json, markdown].map((path) => path && resolve(workingFolder, path));
    for (const path of files) if (path !== undefined) await checkReportFile(path);
    terminal.tellProgress();
    const report = await measure();
    terminal.progress("");
    terminal.out(format(report));
    const texts = [`${visibleText(JSON.stringify(report, null, 2))}\n`, format(report)];
    for (const [index, path] of files.entries()) {
      if (path !== undefined) await writeReportFile(path, texts[index]!);
    }
    signal.throwIfAborted();
  }
});

async function warmStartStudy(
  options: WarmStartOptions,
  context: CommandContext,
  signal: AbortSignal,
) {
  const { seed, prompts, maxTokens, flatRows, gpu } = options;
  const workspace = await workspaceSources({ options, context }, signal);
  const models = {
    ...(await modelsToLoad(options, context)),
    contextSize: CONTEXT_SIZE,
  };
  const pair = await loadModelPair(gpu, models, () => {}, signal);
  try {
    const params = { workspace, numPrompts: prompts, maxTokens, seed };
    return await warmStart(
      pair,
      flatRows === undefined ? params : { ...params, flatRows },
      (progress) => context.terminal.progress(progressLine(progress)),
      signal,
    );
  } finally {
    pair[Symbol.dispose]();
  }
}

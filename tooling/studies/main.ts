/** `npm run study -- index`: what the workspace's index costs by size. In a clone only. */
import { resolve } from "node:path";
import { Command } from "commander";
import { runProgram } from "../../src/cli/base/runProgram.ts";
import { checkReportFile, writeReportFile } from "../../src/cli/bench/reportFile.ts";
import { positiveInteger } from "../../src/cli/optionValues.ts";
import { visibleText } from "../../src/core/base/foreignText.ts";
import { formatIndexReport } from "./indexReport.ts";
import { indexStudy } from "./indexStudy.ts";

interface ReportOptions {
  readonly seed: number;
  readonly json?: string;
  readonly markdown?: string;
}

await runProgram(import.meta.url, ({ terminal, workingFolder }, signal) => {
  const program = new Command("study")
    .exitOverride()
    .configureOutput({ writeErr: (text) => terminal.notes(text) });
  program
    .command("index")
    .description("the workspace index from 10k to 5M tokens, without a model")
    .option("--seed <number>", "draws what is measured", positiveInteger, 1)
    .option("--json <file>", "write the figures as JSON")
    .option("--markdown <file>", "write the report to a file")
    .action(async ({ seed, json, markdown }: ReportOptions) => {
      const [jsonPath, markdownPath] = [json, markdown].map(
        (path) => path && resolve(workingFolder, path),
      );
      for (const path of [jsonPath, markdownPath]) if (path) await checkReportFile(path);
      terminal.tellProgress();
      const report = await indexStudy(seed, (line) => terminal.progress(line), signal);
      terminal.progress("");
      const text = formatIndexReport(report);
      terminal.out(text);
      const data = `${visibleText(JSON.stringify(report, null, 2))}\n`;
      if (jsonPath) await writeReportFile(jsonPath, data);
      if (markdownPath) await writeReportFile(markdownPath, text);
      signal.throwIfAborted();
    });
  return program;
});

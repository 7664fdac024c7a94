/**
 * Treeline's own benchmark command and panel, in a real VS Code, with a runner that measures nothing: it answers with
 * the report that the test hands in. `hangs` makes it wait for a cancel.
 */
import * as vscode from "vscode";
import type { BenchReport } from "../../../src/bench/speed/benchReport.ts";
import { readConfig } from "../../../src/ui/base/config.ts";
import { Benchmark } from "../../../src/ui/measure/benchmark.ts";
import type { BenchmarkRunner } from "../../../src/ui/measure/benchmarkRunner.ts";

interface Request {
  readonly report: BenchReport;
  readonly hangs: boolean;
}

export function activate(context: vscode.ExtensionContext): void {
  let request: Request | undefined;
  let paths: readonly string[] = [];
  const log: string[] = [];
  const runner: BenchmarkRunner = {
    run: async (files, _options, onProgress, signal) => {
      paths = files.map(({ path }) => path);
      if (request === undefined) throw new Error("No report was handed in.");
      onProgress({ message: "repo: 4 prompts measured, 25 % of the time (fused)", fraction: 0.25 });
      if (request.hangs) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      }
      return { ...request.report, isComplete: request.report.isComplete && !signal.aborted };
    },
  };
  const settings = () => vscode.workspace.getConfiguration("treeline");
  const benchmark = new Benchmark({
    extensionUri: context.extensionUri,
    runner,
    formatMarkdown: ({ date }) => `# Treeline benchmark\n\n${date}\n`,
    status: () => ({ phase: "ready", alsoLoadedBytes: 0 }),
    wake: async () => {},
    config: () =>
      readConfig(
        (name) => settings().get(name),
        "",
        () => {},
      ),
    log: (level, message) => log.push(`${level} ${message}`),
  });
  context.subscriptions.push(
    vscode.commands.registerCommand("benchFixture.run", (given: Request) => {
      request = given;
      return benchmark.run();
    }),
    vscode.commands.registerCommand("benchFixture.paths", () => paths),
    vscode.commands.registerCommand("benchFixture.log", () => log),
    vscode.workspace.onDidChangeConfiguration(() => benchmark.settingsChanged()),
    { dispose: () => benchmark[Symbol.dispose]() },
  );
}

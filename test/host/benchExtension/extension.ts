/**
 * Treeline's own benchmark command and panel, in a real VS Code, with an engine that measures nothing: it answers with
 * the report that the test hands in. `hangs` makes it wait for a cancel.
 */
import * as vscode from "vscode";
import type { BenchReport } from "../../../src/bench/speed/benchReport.ts";
import { readConfig } from "../../../src/ui/base/config.ts";
import { Benchmark, type BenchmarkContext } from "../../../src/ui/measure/benchmark.ts";

interface Request {
  readonly report: BenchReport;
  readonly hangs: boolean;
}

export function activate(context: vscode.ExtensionContext): void {
  let request: Request | undefined;
  let paths: readonly string[] = [];
  const log: string[] = [];
  const bench: BenchmarkContext["bench"] = async ({ workspace }, onProgress, signal) => {
    paths = workspace.files.map(({ path }) => path);
    if (request === undefined) throw new Error("No report was handed in.");
    onProgress({ part: "repo", done: 4, fraction: 0.25, what: "fused" });
    if (request.hangs) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    return { ...request.report, isComplete: request.report.isComplete && !signal.aborted };
  };
  const settings = () => vscode.workspace.getConfiguration("treeline");
  const benchmark = new Benchmark({
    extensionUri: context.extensionUri,
    bench,
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

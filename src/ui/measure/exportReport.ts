/** *Export*: the report as a file, where the user wants it. */
import * as vscode from "vscode";
import { formatBenchMarkdown } from "../../bench/speed/benchMarkdown.ts";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import type { ExportFormat } from "../../panel/messages/panelProtocol.ts";
import { tell } from "../base/notifications.ts";

const { l10n } = vscode;

const KINDS: Readonly<Record<ExportFormat, { readonly name: string; readonly ending: string }>> = {
  markdown: { name: "Markdown", ending: "md" },
  json: { name: "JSON", ending: "json" },
};

/** Resolves when the file is written, or the user gave up. */
export async function exportReport(format: ExportFormat, report: BenchReport): Promise<void> {
  const { name, ending } = KINDS[format];
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const fileName = reportFileName(report, ending);
  const file = await vscode.window.showSaveDialog({
    title: l10n.t("Export Treeline's Benchmark as {0}", name),
    filters: { [name]: [ending] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, fileName) }),
  });
  if (file === undefined) return;
  const text =
    format === "markdown"
      ? formatBenchMarkdown(report)
      : `${JSON.stringify(report, undefined, 2)}\n`;
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
  const open = l10n.t("Open");
  const answer = await tell(
    l10n.t("the benchmark was written to {0}.", vscode.workspace.asRelativePath(file)),
    open,
  );
  if (answer === open) await vscode.commands.executeCommand("vscode.open", file);
}

/** With the day of the run: `treeline-benchmark-2026-11-21.md`. */
export function reportFileName({ date }: BenchReport, ending: string): string {
  const day = /^\d{4}-\d{2}-\d{2}/.exec(date)?.[0];
  return `treeline-benchmark${day === undefined ? "" : `-${day}`}.${ending}`;
}

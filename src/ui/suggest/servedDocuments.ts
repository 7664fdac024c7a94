/** Which documents get suggestions. */
import * as vscode from "vscode";
import { type Config, isEnabledFor } from "../base/config.ts";
import type { RefusalReason } from "./decisionLog.ts";

/** The scheme of Treeline's own reports. */
export const REPORT_SCHEME = "treeline-report";

/** Documents that nobody writes code in, or that another tool fills. */
const UNSERVED_SCHEMES: ReadonlySet<string> = new Set([
  "output",
  "log",
  "vscode-scm",
  "git",
  "debug",
  "comment",
  "search-editor",
  "vscode-interactive-input",
  "vscode-terminal",
  "walkThrough",
  "walkThroughSnippet",
  REPORT_SCHEME,
]);
const UNSERVED_LANGUAGES: ReadonlySet<string> = new Set([
  "log",
  "Log",
  "scminput",
  "search-result",
  "code-text-binary",
]);

/** Why a document gets no suggestion; undefined if it may get one. */
export function refusalOf(
  config: Config,
  { uri, languageId }: vscode.TextDocument,
): RefusalReason | undefined {
  if (UNSERVED_SCHEMES.has(uri.scheme) || UNSERVED_LANGUAGES.has(languageId)) return "notServed";
  if (!config.enabled) return "off";
  if (!isEnabledFor(config, languageId)) return "languageOff";
  const editor = vscode.window.activeTextEditor;
  const isActive = editor?.document.uri.toString() === uri.toString();
  return isActive && editor.selections.length > 1 ? "severalCursors" : undefined;
}

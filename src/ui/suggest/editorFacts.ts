/** What in this editor can keep ghost text away besides Treeline. Absent means unknown. */
import * as vscode from "vscode";
import { type Config, isEnabledFor, whyOnlyWhenAsked } from "../base/config.ts";
import { REPORT_SCHEME } from "./servedDocuments.ts";

/** Extensions known to answer inline completion requests; matched by the beginning of their ids. */
const RIVALS = [
  "github.copilot",
  "codeium.",
  "tabnine.",
  "continue.continue",
  "sourcegraph.cody",
  "tabbyml.",
  "ggml-org.llama-vscode",
  "rjmacarthy.twinny",
  "supermaven.",
  "amazonwebservices.amazon-q",
];

/** Values under which VS Code leaves out or hides suggestions in some situations. */
const HIDING_VALUES: readonly { readonly name: string; readonly value: unknown }[] = [
  { name: "editor.inlineSuggest.suppressSuggestions", value: true },
  { name: "editor.inlineSuggest.suppressInSnippetMode", value: true },
  { name: "editor.quickSuggestions.other", value: "offWhenInlineCompletions" },
];

export type EditorFacts = Readonly<ReturnType<typeof editorFacts>>;

export function editorFacts(config: Config) {
  const active = vscode.window.activeTextEditor?.document;
  // A report that lies open as text is not what the user asks about.
  const document = active?.uri.scheme === REPORT_SCHEME ? undefined : active;
  const settings = vscode.workspace.getConfiguration(undefined, document);
  const languageId = document?.languageId;
  const delay = settings.get<number>("editor.inlineSuggest.minShowDelay") ?? 0;
  const askedReason = whyOnlyWhenAsked(config);
  return {
    /** Of the active editor; absent if there is none. */
    ...(languageId === undefined ? {} : { languageId }),
    isLanguageOff: languageId !== undefined && !isEnabledFor(config, languageId),
    /** Why suggestions wait to be asked for; absent where they come as one types. */
    ...(config.enabled && askedReason !== undefined && { askedReason }),
    inlineSuggestEnabled: settings.get<boolean>("editor.inlineSuggest.enabled") ?? true,
    /** Settings of the editor that hide suggestions at times, as `name: value`. */
    hidingSettings: [
      // VS Code's own values are everybody's.
      ...HIDING_VALUES.filter(({ name, value }) => settings.get(name) === value)
        .filter(({ name, value }) => settings.inspect(name)?.defaultValue !== value)
        .map(({ name, value }) => `${name}: ${JSON.stringify(value)}`),
      ...(delay > 0 ? [`editor.inlineSuggest.minShowDelay: ${delay}`] : []),
    ],
    /** Other extensions that offer inline suggestions and are active. */
    rivals: vscode.extensions.all
      .filter(({ id, isActive }) => isActive && isRival(id))
      .filter(({ id }) => !isOffForCopilot(id, settings, languageId))
      .map(({ id }) => id),
    isTrusted: vscode.workspace.isTrusted,
  };
}

function isRival(id: string): boolean {
  return RIVALS.some((rival) => id.toLowerCase().startsWith(rival));
}

function isOffForCopilot(
  id: string,
  settings: vscode.WorkspaceConfiguration,
  languageId = "*",
): boolean {
  if (!id.toLowerCase().startsWith("github.copilot")) return false;
  const enable = settings.get<Record<string, boolean>>("github.copilot.enable") ?? {};
  return (enable[languageId] ?? enable["*"]) === false;
}

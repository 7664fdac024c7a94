/** The status bar's menu: what one may want at the moment, the harmless first. */
import * as vscode from "vscode";
import { byteText } from "../core/base/byteText.ts";
import { labelText } from "../core/base/foreignText.ts";
import { type Config, isEnabledFor, SECTION, whyOnlyWhenAsked } from "./base/config.ts";
import { languageName } from "./base/languageName.ts";
import { updateUserSetting } from "./base/userSettings.ts";
import type { EngineStatus } from "./figures/status.ts";
import { isDemonstrating } from "./lifecycle/demonstration.ts";

const { l10n } = vscode;

/** VS Code's own, for all inline suggestions; there since 1.103. */
const SNOOZE = "editor.action.inlineSuggest.snooze";

export interface MenuContext {
  readonly config: Config;
  readonly status: EngineStatus;
  /** Of the commands that package.json contributes, by their ids. */
  readonly titles: ReadonlyMap<string, string>;
}

/** A separator has no `take`. */
interface MenuItem extends vscode.QuickPickItem {
  readonly take?: () => PromiseLike<unknown>;
}

/** By command id. @param manifest - the extension's package.json, in the user's language. */
export function commandTitles(manifest: {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
  };
}): ReadonlyMap<string, string> {
  return new Map(manifest.contributes.commands.map(({ command, title }) => [command, title]));
}

export async function showMenu(context: MenuContext): Promise<void> {
  const { config, status } = context;
  const hasSnooze = (await vscode.commands.getCommands(true)).includes(SNOOZE);
  const isDemonstration = isDemonstrating(config);
  const keep = item(
    "check",
    l10n.t("Keep"),
    l10n.t("the demonstration model suggests as you type"),
    () => updateUserSetting("suggestion.demonstration", true),
  );
  const items = [
    separator(l10n.t("Model")),
    ...contributed(context, [
      ["treeline.setUpModels", "cloud-download", loadedText(config, status)],
      ["treeline.selectModels", "package", l10n.t("GGUF files of yours")],
    ]),
    ...(isDemonstration ? [keep] : []),
    separator(l10n.t("Suggestions")),
    ...suggestionItems(config, hasSnooze),
    separator(l10n.t("What it does")),
    ...contributed(context, [
      ["treeline.explainNoSuggestion", "question", ""],
      ["treeline.showStatistics", "graph", ""],
      [
        "treeline.runBenchmark",
        "dashboard",
        l10n.t("how soon a line is shown here; three minutes"),
      ],
      ["treeline.showLastPrompt", "note", l10n.t("what the model saw")],
    ]),
    separator(l10n.t("Treeline")),
    ...contributed(context, [
      ["treeline.restartEngine", "debug-restart", ""],
      ["treeline.showLog", "output", ""],
    ]),
    item("settings-gear", l10n.t("Settings"), "", () =>
      vscode.commands.executeCommand("workbench.action.openSettings", SECTION),
    ),
  ];
  const placeHolder = l10n.t("The demonstration model suggests only when asked.");
  const choice = await vscode.window.showQuickPick(items, {
    title: "Treeline",
    ...(isDemonstration ? { placeHolder } : {}),
  });
  await choice?.take?.();
}

function item(
  icon: string,
  label: string,
  description: string,
  take: () => PromiseLike<unknown>,
): MenuItem {
  return { label: `$(${icon}) ${labelText(label)}`, description: labelText(description), take };
}

function separator(label: string): MenuItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** Commands by the titles that the palette shows; those that are not contributed are left out. */
function contributed(
  { titles }: MenuContext,
  commands: readonly (readonly [id: string, icon: string, description: string])[],
): MenuItem[] {
  return commands.flatMap(([id, icon, description]) => {
    const title = titles.get(id);
    if (title === undefined) return [];
    return [run(icon, title, description, id)];
  });
}

function loadedText({ targetPath }: Config, { models }: EngineStatus): string {
  if (models === undefined) return l10n.t("none is loaded");
  const { target, draft, backend } = models;
  const name = targetPath === undefined ? l10n.t("the demonstration model") : target.name;
  const size = byteText(target.fileBytes + (draft?.fileBytes ?? 0));
  return l10n.t("now {0}, {1} on {2}", name, size, backend);
}

/** An entry that runs a command. */
function run(icon: string, label: string, description: string, id: string): MenuItem {
  return item(icon, label, description, () => vscode.commands.executeCommand(id));
}

function suggestionItems(config: Config, hasSnooze: boolean): MenuItem[] {
  if (!config.enabled) {
    return [run("check", l10n.t("Turn On"), l10n.t("loads the models"), "treeline.toggle")];
  }
  const items: MenuItem[] = [];
  const languageId = vscode.window.activeTextEditor?.document.languageId;
  if (languageId !== undefined) items.push(languageItem(config, languageId));
  if (hasSnooze) {
    const description = l10n.t("all inline suggestions, for some minutes");
    items.push(run("bell-slash", l10n.t("Snooze"), description, SNOOZE));
  }
  // The demonstration model suggests only when asked anyhow.
  if (whyOnlyWhenAsked(config) !== "demonstration") items.push(...triggerItems(config));
  const frees = l10n.t("everywhere; frees the models' memory");
  return [...items, run("circle-slash", l10n.t("Turn Off"), frees, "treeline.toggle")];
}

function languageItem(config: Config, languageId: string): MenuItem {
  const isOn = isEnabledFor(config, languageId);
  const name = languageName(languageId);
  const label = isOn ? l10n.t("Turn Off for {0}", name) : l10n.t("Turn On for {0}", name);
  const description = l10n.t("this language, in all windows");
  return run(isOn ? "circle-slash" : "check", label, description, "treeline.toggleLanguage");
}

function triggerItems({ trigger }: Config): MenuItem[] {
  const [pause, manual] = ["treeline.togglePause", "treeline.toggleManual"];
  if (trigger === "paused") {
    return [run("debug-start", l10n.t("Resume"), l10n.t("suggests as before"), pause)];
  }
  return [
    run("debug-pause", l10n.t("Pause"), l10n.t("only when asked, in this window"), pause),
    trigger === "manual"
      ? run("keyboard", l10n.t("Suggest as You Type"), l10n.t("now only when asked"), manual)
      : run("keyboard", l10n.t("Suggest Only When Asked"), l10n.t("now as you type"), manual),
  ];
}

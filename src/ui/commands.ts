/** The commands of the palette and of the status bar's menu. */
import * as vscode from "vscode";
import { messageOf } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import { type Config, isEnabledFor, SECTION, wantsIndex } from "./base/config.ts";
import { confirmLoss, tell, tellError } from "./base/notifications.ts";
import { SettingNotWritten, updateUserSetting } from "./base/userSettings.ts";
import { statisticsReport } from "./figures/statisticsReport.ts";
import type { StatisticsStore } from "./figures/statisticsStore.ts";
import type { WorkspaceWatcher } from "./folders/workspaceWatcher.ts";
import type { EngineLifecycle } from "./lifecycle/engineLifecycle.ts";
import type { Benchmark } from "./measure/benchmark.ts";
import { showMenu } from "./menu.ts";
import { deleteModels } from "./models/deleteModels.ts";
import { selectModels, useModels } from "./models/modelFiles.ts";
import type { ModelSpeeds } from "./models/modelSpeeds.ts";
import { setUpModels } from "./models/setUpModels.ts";
import type { ReportDocuments } from "./reportDocuments.ts";
import type { DecisionLog } from "./suggest/decisionLog.ts";
import { editorFacts } from "./suggest/editorFacts.ts";
import { lastPromptReport } from "./suggest/lastPromptReport.ts";
import { noSuggestionReport } from "./suggest/noSuggestionReport.ts";

const { l10n } = vscode;

export interface CommandContext {
  readonly config: () => Config;
  /** Suggests only when asked in this window, until it is told otherwise. */
  readonly togglePause: () => void;
  /** Titles of the contributed commands, by id. */
  readonly titles: ReadonlyMap<string, string>;
  readonly lifecycle: EngineLifecycle;
  /** Whatever is wrong is told once more. */
  readonly forgetProblems: () => void;
  readonly workspace: WorkspaceWatcher;
  readonly statistics: StatisticsStore;
  readonly decisions: DecisionLog;
  readonly reports: ReportDocuments;
  readonly benchmark: Benchmark;
  readonly speeds: ModelSpeeds;
  readonly channel: vscode.LogOutputChannel;
  readonly log: Log;
}

/** By command id; package.json has their titles. */
export function createCommands(context: CommandContext): Record<string, () => Promise<void>> {
  const { config, lifecycle, statistics, decisions, reports, benchmark, channel, log, speeds } =
    context;
  const restart = () => {
    context.forgetProblems();
    return lifecycle.restart();
  };
  const setup = { config, settled: () => lifecycle.settled(), restart, speeds, log };
  return {
    "treeline.toggle": () => updateUserSetting("suggestion.enabled", !config().enabled),
    "treeline.toggleLanguage": () => toggleLanguage(config()),
    "treeline.togglePause": async () => context.togglePause(),
    "treeline.toggleManual": toggleManual,
    "treeline.triggerSuggestion": triggerSuggestion,
    "treeline.setUpModels": () => setUpModels(setup),
    "treeline.deleteModels": () => deleteModels(setup),
    "treeline.selectModels": () => selectModels(setup),
    "treeline.useBundledModels": () => useModels(undefined, undefined, setup),
    "treeline.restartEngine": restart,
    "treeline.showLog": async () => channel.show(),
    "treeline.explainNoSuggestion": () =>
      reports.show(
        l10n.t("Why No Suggestion"),
        noSuggestionReport(lifecycle.status, editorFacts(config()), decisions.decisions),
      ),
    "treeline.showLastPrompt": async () =>
      reports.showText(l10n.t("Last Prompt"), lastPromptReport(await lifecycle.lastPrompt())),
    "treeline.showStatistics": () =>
      reports.show(l10n.t("Treeline Statistics"), statisticsReport(statistics.book, new Date())),
    "treeline.runBenchmark": () => benchmark.run(),
    "treeline.resetStatistics": () => resetStatistics(statistics),
    "treeline.forgetWorkspace": () => forgetWorkspace(context),
    "treeline.showMenu": () =>
      showMenu({ config: config(), status: lifecycle.status, titles: context.titles }),
  };
}

/** Registers all; a failing command is logged and shown, as VS Code shows nothing useful. */
export function registerCommands(context: CommandContext): vscode.Disposable[] {
  return Object.entries(createCommands(context)).map(([id, run]) =>
    vscode.commands.registerCommand(id, async () => {
      try {
        await run();
      } catch (error) {
        const message = messageOf(error);
        context.log("error", `command failed id=${id} message=${JSON.stringify(message)}`);
        void tellFailure(error);
      }
    }),
  );
}

/** With a way to the settings where they are what is wrong. */
async function tellFailure(error: unknown): Promise<void> {
  const open = l10n.t("Open Settings");
  const isSettings = error instanceof SettingNotWritten;
  const answer = await tellError(messageOf(error), ...(isSettings ? [open] : []));
  if (answer === open) await vscode.commands.executeCommand("workbench.action.openSettingsJson");
}

async function triggerSuggestion(): Promise<void> {
  await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
}

/** As the setting is: a window may be paused besides. */
async function toggleManual(): Promise<void> {
  const name = "suggestion.trigger";
  const isManual = vscode.workspace.getConfiguration(SECTION).get(name) === "manual";
  await updateUserSetting(name, isManual ? "automatic" : "manual");
}

async function toggleLanguage(config: Config): Promise<void> {
  const languageId = vscode.window.activeTextEditor?.document.languageId;
  if (languageId === undefined) {
    void tell(l10n.t("open a file to toggle its language."));
    return;
  }
  const name = "suggestion.languages";
  const settings = vscode.workspace.getConfiguration(SECTION);
  const own = settings.inspect<Record<string, boolean>>(name)?.globalValue ?? {};
  const isOn = !isEnabledFor(config, languageId);
  await updateUserSetting(name, { ...own, [languageId]: isOn });
  // Nothing else would show that it is on, until the next key.
  if (isOn) await triggerSuggestion();
}

async function resetStatistics(statistics: StatisticsStore): Promise<void> {
  const question = l10n.t("Reset Treeline's statistics of all days?");
  if (await confirmLoss(question, l10n.t("Reset"))) await statistics.reset();
}

async function forgetWorkspace({ config, lifecycle, workspace }: CommandContext): Promise<void> {
  const question = l10n.t("Delete what was learned from this workspace's code?");
  if (!(await confirmLoss(question, l10n.t("Delete")))) return;
  lifecycle.forget();
  await workspace.forget();
  if (!wantsIndex(config())) {
    void tell(l10n.t("what was learned from this workspace's code is deleted. Indexing is off."));
    return;
  }
  const again = l10n.t("Index Now");
  const message = l10n.t(
    "what was learned from this workspace's code is deleted. It is indexed again when its window is next opened.",
  );
  // It is done; the answer may come at any time, or never.
  void tell(message, again).then((answer) => {
    if (answer === again) workspace.start();
  });
}

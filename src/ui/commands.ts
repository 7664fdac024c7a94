/** The commands of the palette and of the status bar's menu. */
import * as vscode from "vscode";
import { messageOf } from "../core/base/errors.ts";
import { labelText } from "../core/base/foreignText.ts";
import type { Log } from "../core/base/log.ts";
import { type Config, isEnabledFor, SECTION, wantsIndex } from "./base/config.ts";
import { confirmLoss, tell, tellError } from "./base/notifications.ts";
import { updateUserSetting } from "./base/userSettings.ts";
import { statisticsReport } from "./figures/statisticsReport.ts";
import type { StatisticsStore } from "./figures/statisticsStore.ts";
import type { WorkspaceWatcher } from "./folders/workspaceWatcher.ts";
import { DEMONSTRATION_CHOICES, isDemonstrating } from "./lifecycle/demonstration.ts";
import type { EngineLifecycle } from "./lifecycle/engineLifecycle.ts";
import type { Benchmark } from "./measure/benchmark.ts";
import { deleteModels } from "./models/deleteModels.ts";
import { selectModels, useBundledModels } from "./models/modelFiles.ts";
import type { ModelSpeeds } from "./models/modelSpeeds.ts";
import { setUpModels } from "./models/setUpModels.ts";
import type { ReportDocuments } from "./reportDocuments.ts";
import type { DecisionLog } from "./suggest/decisionLog.ts";
import { editorFacts } from "./suggest/editorFacts.ts";
import { lastPromptReport } from "./suggest/lastPromptReport.ts";
import { noSuggestionReport } from "./suggest/noSuggestionReport.ts";

export interface CommandContext {
  readonly config: () => Config;
  readonly lifecycle: EngineLifecycle;
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
  const setup = { config, settled: () => lifecycle.settled(), speeds, log };
  return {
    "treeline.toggle": () => updateUserSetting("suggestion.enabled", !config().enabled),
    "treeline.toggleLanguage": () => toggleLanguage(config()),
    "treeline.triggerSuggestion": async () => {
      await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    },
    "treeline.setUpModels": () => setUpModels(setup),
    "treeline.deleteModels": () => deleteModels(setup),
    "treeline.selectModels": () => selectModels(config().contextSize),
    "treeline.useBundledModels": useBundledModels,
    "treeline.restartEngine": () => lifecycle.restart(),
    "treeline.showLog": async () => channel.show(),
    "treeline.explainNoSuggestion": () =>
      reports.show(
        "Why No Suggestion",
        noSuggestionReport(lifecycle.status, editorFacts(config()), decisions.decisions),
      ),
    "treeline.showLastPrompt": async () =>
      reports.showText("Last Prompt", lastPromptReport(await lifecycle.lastPrompt())),
    "treeline.showStatistics": () =>
      reports.show("Treeline Statistics", statisticsReport(statistics.book, new Date())),
    "treeline.runBenchmark": () => benchmark.run(),
    "treeline.resetStatistics": () => resetStatistics(statistics),
    "treeline.forgetWorkspace": () => forgetWorkspace(context),
    "treeline.showMenu": () => showMenu(config()),
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
        void tellError(message);
      }
    }),
  );
}

async function toggleLanguage(config: Config): Promise<void> {
  const languageId = vscode.window.activeTextEditor?.document.languageId;
  if (languageId === undefined) {
    void tell("open a file to toggle its language.");
    return;
  }
  const settings = vscode.workspace.getConfiguration(SECTION);
  const own = settings.inspect<Record<string, boolean>>("enable")?.globalValue ?? {};
  await updateUserSetting("enable", { ...own, [languageId]: !isEnabledFor(config, languageId) });
}

async function resetStatistics(statistics: StatisticsStore): Promise<void> {
  if (await confirmLoss("Reset Treeline's statistics of all days?", "Reset"))
    await statistics.reset();
}

async function forgetWorkspace({ config, lifecycle, workspace }: CommandContext): Promise<void> {
  lifecycle.forget();
  await workspace.forget();
  const forgotten = "what was learned from this workspace's code is deleted";
  if (!wantsIndex(config())) {
    void tell(`${forgotten}. Indexing is off.`);
    return;
  }
  const again = "Index Now";
  const message = `${forgotten}. It is indexed again when its window is next opened.`;
  // It is done; the answer may come at any time, or never.
  void tell(message, again).then((answer) => {
    if (answer === again) workspace.start();
  });
}

interface MenuItem extends vscode.QuickPickItem {
  readonly take: () => PromiseLike<unknown>;
}

async function showMenu(config: Config): Promise<void> {
  const languageId = vscode.window.activeTextEditor?.document.languageId;
  const isOn = languageId !== undefined && isEnabledFor(config, languageId);
  const run = (label: string, command: string, ...args: unknown[]): MenuItem => ({
    label,
    take: () => vscode.commands.executeCommand(command, ...args),
  });
  const isDemonstration = isDemonstrating(config);
  const items: readonly MenuItem[] = [
    ...(isDemonstration
      ? DEMONSTRATION_CHOICES
      : [run(config.enabled ? "Turn Off" : "Turn On", "treeline.toggle")]),
    ...(languageId === undefined || !config.enabled
      ? []
      : [
          run(
            `Turn ${isOn ? "Off" : "On"} for ${labelText(languageId)}`,
            "treeline.toggleLanguage",
          ),
        ]),
    run("Why No Suggestion?", "treeline.explainNoSuggestion"),
    run("Show Statistics", "treeline.showStatistics"),
    run("Show Last Prompt", "treeline.showLastPrompt"),
    run("Run Benchmark", "treeline.runBenchmark"),
    ...(isDemonstration ? [] : [run("Select Model Files", "treeline.selectModels")]),
    run("Restart Engine", "treeline.restartEngine"),
    run("Show Log", "treeline.showLog"),
    run("Settings", "workbench.action.openSettings", SECTION),
  ];
  const placeHolder = "The demonstration model suggests only when asked.";
  const options = { title: "Treeline", ...(isDemonstration ? { placeHolder } : {}) };
  const choice = await vscode.window.showQuickPick(items, options);
  await choice?.take();
}

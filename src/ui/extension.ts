/** The composition root: builds the parts, connects them, and disposes them in reverse order. */
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { messageOf } from "../core/base/errors.ts";
import { EngineClient } from "../session/client/engineClient.ts";
import { LoadedEngines } from "../session/client/loadedEngines.ts";
import { WorkspaceFeed } from "../session/client/workspaceFeed.ts";
import { systemClock } from "../session/clock.ts";
import {
  type Config,
  isEnabledFor,
  readConfig,
  SECTION,
  wantsIndex,
  whyOnlyWhenAsked,
} from "./base/config.ts";
import { languageName } from "./base/languageName.ts";
import { tell } from "./base/notifications.ts";
import { moveRenamedSettings } from "./base/renamedSettings.ts";
import { logTo, toVscode } from "./base/vscodeAdapters.ts";
import { registerCommands } from "./commands.ts";
import { type Counters, countersOfGeneration, figuresOf } from "./figures/counters.ts";
import { StatisticsStore } from "./figures/statisticsStore.ts";
import type { EngineStatus } from "./figures/status.ts";
import { StatusBar } from "./figures/statusBar.ts";
import { WorkspaceWatcher } from "./folders/workspaceWatcher.ts";
import { bundledFiles } from "./lifecycle/bundledFiles.ts";
import { DemonstrationNotice } from "./lifecycle/demonstration.ts";
import { EngineLifecycle } from "./lifecycle/engineLifecycle.ts";
import { FirstLineWatch } from "./lifecycle/firstLineWatch.ts";
import { IdleUnloading } from "./lifecycle/idleUnloading.ts";
import { Milestones } from "./lifecycle/milestones.ts";
import { ProblemNotifier } from "./lifecycle/problem.ts";
import { Benchmark } from "./measure/benchmark.ts";
import { commandTitles } from "./menu.ts";
import { ModelSpeeds } from "./models/modelSpeeds.ts";
import { ReportDocuments } from "./reportDocuments.ts";
import { CursorRest } from "./suggest/cursorRest.ts";
import { DecisionLog } from "./suggest/decisionLog.ts";
import { ACCEPTED_COMMAND, InlineProvider } from "./suggest/inlineProvider.ts";
import { queryOf } from "./suggest/queryOfDocument.ts";
import { RecentIds } from "./suggest/recentIds.ts";
import { refusalOf } from "./suggest/servedDocuments.ts";
import { SuggestionWatcher } from "./suggest/suggestionWatcher.ts";

/** Ends what needs time to end; set while the extension is active. */
let end: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const channel = vscode.window.createOutputChannel("Treeline", { log: true });
  const log = logTo(channel);
  const guard = (work: PromiseLike<void>) =>
    void work.then(undefined, (error: unknown) => log("error", `failed: ${messageOf(error)}`));
  const settings = () => vscode.workspace.getConfiguration(SECTION);
  let isPaused = false;
  const readSettings = (): Config => {
    const read = readConfig(
      (name) => settings().get(name),
      homedir(),
      (message) => log("warn", message),
    );
    return isPaused ? { ...read, trigger: "paused" } : read;
  };
  let config = readSettings();

  const bundled = bundledFiles(context.extensionPath, context.globalStorageUri.fsPath);
  const notifier = new ProblemNotifier();
  const notice = new DemonstrationNotice(context.globalState);
  const feed = new WorkspaceFeed();
  const workspace = new WorkspaceWatcher(feed, learnedPathOf(context));
  const createClient = ({ gpu }: Config, ofWorkspace: WorkspaceFeed) =>
    new EngineClient({
      enginePath: bundled.enginePath,
      gpu,
      log,
      clock: systemClock,
      env: process.env,
      workspace: ofWorkspace,
    });
  const speeds = new ModelSpeeds({
    storagePath: context.globalStorageUri.fsPath,
    tokenizerPath: bundled.targetPath,
    createClient: () => createClient(config, new WorkspaceFeed()),
    gpu: () => config.gpu,
    log,
  });
  const lifecycle = new EngineLifecycle({
    bundled,
    createClient: (wanted) => createClient(wanted, feed),
    loadedEngines: new LoadedEngines(join(context.globalStorageUri.fsPath, "engines")),
    clock: systemClock,
    log,
    onChange: (status) => engineChanged(status),
    onProblem: (problem) => guard(notifier.tell(problem)),
    onRecovered: () => notifier.forget(),
    onNotice: (message) => void tell(message),
  });
  const idle = new IdleUnloading(lifecycle, systemClock, () => config);
  const statusBar = new StatusBar();
  const statistics: StatisticsStore = new StatisticsStore({
    storage: context.globalState,
    now: () => new Date(),
    onChange: () => showStatus(),
    onError: (error) => log("error", `statistics not written: ${messageOf(error)}`),
  });
  const record = (languageId: string, counters: Counters) => statistics.add(languageId, counters);
  const watcher = new SuggestionWatcher(record);
  const decisions = new DecisionLog();
  const reports = new ReportDocuments();
  const benchmark = new Benchmark({
    extensionUri: context.extensionUri,
    bench: (...args) => lifecycle.bench(...args),
    status: () => lifecycle.status,
    wake: () => lifecycle.wake(),
    config: () => config,
    log,
  });
  const firstLines = new FirstLineWatch(context.globalState);
  const showStatus = () => {
    const languageId = vscode.window.activeTextEditor?.document.languageId;
    const isOff = languageId !== undefined && !isEnabledFor(config, languageId);
    const { status } = lifecycle;
    firstLines.serves(status.models);
    const { recent } = statistics;
    statusBar.show({
      ...status,
      content: config.statusContent,
      today: figuresOf(statistics.today),
      recent: recent && figuresOf(recent),
      firstLineMs: firstLines.medianMs,
      index: feed.status,
      askedReason: whyOnlyWhenAsked(config),
      languageOff: isOff ? languageName(languageId) : undefined,
    });
  };
  const applySettings = () => {
    showStatus();
    benchmark.settingsChanged();
    workspace.apply(wantsIndex(config));
    idle.settingsChanged();
    guard(lifecycle.apply(config));
    guard(notice.tell(config));
  };
  const milestones = new Milestones();
  const engineChanged = ({ phase }: EngineStatus) => {
    if (phase === "ready" && config.targetPath !== undefined) milestones.reached("hasModel");
    showStatus();
  };
  const countedIds = new RecentIds();
  const provider = new InlineProvider({
    source: idle,
    config: () => config,
    decisions,
    log,
    onWaited: (ms) => guard(firstLines.waited(ms, config)),
    onOffer: (offer, { id, result }) => {
      watcher.offered(offer);
      // A suggestion is offered again while the user types through it.
      if (!countedIds.add(id)) return;
      void result.then((finished) => {
        if (finished !== undefined) record(offer.languageId, countersOfGeneration(finished));
      });
    },
  });
  const cursorRest = new CursorRest(
    () => config.enabled && whyOnlyWhenAsked(config) === undefined,
    ({ document, selection }) => {
      if (refusalOf(config, document) !== undefined) return;
      idle.prepare(queryOf(document, selection.active, "automatic"));
    },
  );

  context.subscriptions.push(
    channel,
    toVscode(statusBar),
    toVscode(idle),
    toVscode(reports),
    toVscode(benchmark),
    toVscode(watcher),
    toVscode(cursorRest),
    toVscode(workspace),
    toVscode(feed.onStatus(showStatus)),
    // A pattern rather than schemes: whatever can be written in is served, wherever it lies.
    vscode.languages.registerInlineCompletionItemProvider({ pattern: "**" }, provider),
    vscode.commands.registerCommand(ACCEPTED_COMMAND, (id: number, rank: number) => {
      milestones.reached("hasAccepted");
      watcher.accepted(id, rank);
      lifecycle.accepted(id, rank);
    }),
    ...registerCommands({
      config: () => config,
      togglePause: () => {
        isPaused = !isPaused;
        config = readSettings();
        applySettings();
      },
      titles: commandTitles(context.extension.packageJSON),
      lifecycle,
      forgetProblems: () => notifier.forget(),
      statistics,
      workspace,
      decisions,
      reports,
      benchmark,
      speeds,
      channel,
      log,
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION)) return;
      config = readSettings();
      applySettings();
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => lifecycle.forget(uri.toString())),
    vscode.window.onDidChangeActiveTextEditor(showStatus),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (!focused) return;
      guard(lifecycle.lookForOthers());
      guard(notice.tell(config));
    }),
  );
  end = async () => {
    await lifecycle[Symbol.asyncDispose]();
    await statistics[Symbol.asyncDispose]();
  };
  applySettings();
  guard(moveRenamedSettings(log));
}

/** A folder for what is learned of this workspace alone; undefined where VS Code has none on disk. */
function learnedPathOf({ storageUri }: vscode.ExtensionContext): string | undefined {
  return storageUri?.scheme === "file" ? join(storageUri.fsPath, "learned") : undefined;
}

/** VS Code waits some seconds for this. */
export async function deactivate(): Promise<void> {
  const ending = end;
  end = undefined;
  await ending?.();
}

/**
 * *Run Benchmark*: gathers the workspace's sources, lets the engine measure on them, and shows what it found in a panel.
 * One run at a time; a cancelled one shows what it has. Holds the last report, as the panel's page keeps nothing.
 */
import { performance } from "node:perf_hooks";
import * as vscode from "vscode";
import { DEFAULT_CONFIGS } from "../../bench/base/benchConfigNames.ts";
import {
  benchPlan,
  DEFAULT_MAX_TOKENS,
  DEFAULT_MINUTES,
  DEFAULT_PROMPT_TOKENS,
  MS_PER_MINUTE,
  progressText,
} from "../../bench/speed/benchPlan.ts";
import type { BenchReport } from "../../bench/speed/benchReport.ts";
import { byteText } from "../../core/base/byteText.ts";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import { labelText, nameText } from "../../core/base/foreignText.ts";
import type { Log } from "../../core/base/log.ts";
import type { BenchParams, BenchProgress } from "../../engine/protocol/benchMessages.ts";
import type { PanelRequest, PanelState } from "../../panel/messages/panelProtocol.ts";
import type { Config } from "../base/config.ts";
import { tellError, tellWarning } from "../base/notifications.ts";
import { signalOf } from "../base/vscodeAdapters.ts";
import type { EngineStatus } from "../figures/status.ts";
import {
  DEFAULT_LIMITS,
  readWorkspaceSources,
  type WorkspaceSources,
} from "../folders/workspaceSources.ts";
import { BenchPanel } from "./benchPanel.ts";
import { exportReport } from "./exportReport.ts";
import { recommendSettings } from "./recommendSettings.ts";
import { applyChanges, describeChange } from "./settingChanges.ts";

const { l10n } = vscode;

/** The same places every time, so that two runs on one workspace compare. */
const SEED = 1;

export interface BenchmarkContext {
  readonly extensionUri: vscode.Uri;
  /** Of the engine, with the models that are loaded there; aborted, it resolves with what was measured so far. */
  readonly bench: (
    params: BenchParams,
    onProgress: (progress: BenchProgress) => void,
    signal: AbortSignal,
  ) => Promise<BenchReport>;
  readonly status: () => EngineStatus;
  /** Has an engine that sleeps load its models. Never rejects. */
  readonly wake: () => Promise<void>;
  readonly config: () => Config;
  readonly log: Log;
}

/** Why no run can start, and the button that helps. */
interface Refusal {
  readonly message: string;
  readonly button?: { readonly label: string; readonly command: string };
}

interface Finished {
  readonly report: BenchReport;
  readonly workspace: string;
}

export class Benchmark implements Disposable {
  readonly #context: BenchmarkContext;
  readonly #panel: BenchPanel;
  #isRunning = false;
  #finished: Finished | undefined;

  constructor(context: BenchmarkContext) {
    this.#context = context;
    this.#panel = new BenchPanel({
      extensionUri: context.extensionUri,
      log: context.log,
      onRequest: (request) => void this.#answer(request),
    });
  }

  /** Runs, unless something is missing; resolves when the panel is there or the user was told. */
  async run(): Promise<void> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    await this.#context.wake();
    const refusal = this.#isRunning
      ? { message: l10n.t("a benchmark is already running; its notification has the progress.") }
      : (refusalOf(this.#context.status()) ?? (folders.length === 0 ? NO_FOLDER : undefined));
    if (refusal !== undefined) return refuse(refusal);
    this.#isRunning = true;
    try {
      await this.#measure(folders);
    } finally {
      this.#isRunning = false;
    }
  }

  /** The settings changed: what is recommended may be different. */
  settingsChanged(): void {
    if (this.#finished !== undefined) this.#panel.update(this.#stateOf(this.#finished));
  }

  [Symbol.dispose](): void {
    this.#panel[Symbol.dispose]();
  }

  async #measure(folders: readonly vscode.WorkspaceFolder[]): Promise<void> {
    const { log } = this.#context;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t("Treeline benchmark"),
      cancellable: true,
    };
    const startMs = performance.now();
    try {
      const finished = await vscode.window.withProgress(options, (progress, token) =>
        this.#measureWith(folders, progress, token),
      );
      if (finished === undefined) return;
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      if (Object.keys(finished.report.suites).length === 0 && !finished.report.isComplete) {
        // Models were loaded anew, or the engine was.
        void refuse({ message: l10n.t("the benchmark was ended before anything was measured.") });
        return;
      }
      log("info", `benchmark done complete=${finished.report.isComplete} seconds=${seconds}`);
      this.#finished = finished;
      this.#panel.show(this.#stateOf(finished));
    } catch (error) {
      // Cancelled before anything was measured: the user knows.
      if (!isAbortError(error)) throw error;
    }
  }

  /** Undefined if there is nothing to measure on. */
  async #measureWith(
    folders: readonly vscode.WorkspaceFolder[],
    progress: vscode.Progress<{ message?: string; increment?: number }>,
    token: vscode.CancellationToken,
  ): Promise<Finished | undefined> {
    const { bench, log } = this.#context;
    using cancellation = signalOf(token);
    const { signal } = cancellation;
    progress.report({ message: benchPlan(["repo"], DEFAULT_MINUTES) });
    const sources = await readWorkspaceSources(folders, DEFAULT_LIMITS, SEED, token, signal);
    if (sources.files.length === 0) {
      void refuse(NO_SOURCE);
      return undefined;
    }
    const { files, numBytes } = sources;
    const workspace = workspaceText(folders, sources);
    log("info", `benchmark start files=${files.length} bytes=${numBytes}`);
    // What the command line asks for.
    const params: BenchParams = {
      suites: ["repo"],
      workspace: { origin: workspace, repoName: folders[0]?.name ?? "workspace", files },
      foreign: { origin: "nothing", files: [] },
      configs: DEFAULT_CONFIGS,
      budgetMs: DEFAULT_MINUTES * MS_PER_MINUTE,
      maxTokens: DEFAULT_MAX_TOKENS,
      maxPromptTokens: DEFAULT_PROMPT_TOKENS,
      seed: SEED,
    };
    let shown = 0;
    const onProgress = ({ part, done, fraction = 0, what }: BenchProgress) => {
      const increment = Math.max(0, fraction - shown) * 100;
      shown = Math.max(shown, fraction);
      const message = labelText(progressText(part, done, fraction, what));
      progress.report({ message, increment });
    };
    const report = await bench(params, onProgress, signal);
    // Cancelled before a prompt was finished: there is nothing to show.
    if (Object.keys(report.suites).length === 0) signal.throwIfAborted();
    return { report, workspace };
  }

  #stateOf({ report, workspace }: Finished): PanelState {
    const { changes, findings } = recommendSettings(report, this.#context.config());
    return { report, workspace, changes: changes.map(describeChange), findings };
  }

  /** Never rejects: the page waits for no answer. */
  async #answer(request: PanelRequest): Promise<void> {
    try {
      if (request.type === "runAgain") return await this.run();
      if (this.#finished === undefined) return;
      const { report } = this.#finished;
      if (request.type === "export") await exportReport(request.format, report);
      // Asked of the settings as they are now: the page may show older ones.
      else await applyChanges(recommendSettings(report, this.#context.config()).changes);
    } catch (error) {
      const message = messageOf(error);
      this.#context.log("error", `benchmark failed message=${JSON.stringify(message)}`);
      void tellError(message);
    }
  }
}

const NO_FOLDER: Refusal = {
  message: l10n.t("open a folder first; the benchmark completes code in its source files."),
  button: { label: l10n.t("Open Folder"), command: "vscode.openFolder" },
};

const NO_SOURCE: Refusal = {
  message: l10n.t(
    "found no source files to benchmark on. What files.exclude and search.exclude leave out is not read.",
  ),
};

/** Why the engine cannot measure now; undefined if it can. */
export function refusalOf({ phase, detail, failure }: EngineStatus): Refusal | undefined {
  if (phase === "off") {
    const button = { label: l10n.t("Turn On"), command: "treeline.toggle" };
    return { message: l10n.t("no model is loaded, as Treeline is turned off."), button };
  }
  if (phase === "failed") {
    const button =
      failure === "engine"
        ? { label: l10n.t("Restart Engine"), command: "treeline.restartEngine" }
        : { label: l10n.t("Select Model Files"), command: "treeline.selectModels" };
    return { message: l10n.t("no model is loaded. {0}", detail ?? "").trimEnd(), button };
  }
  if (phase === "starting" || phase === "loading") {
    return {
      message: l10n.t("the models are still being loaded. Run the benchmark again in a moment."),
    };
  }
  return undefined;
}

async function refuse({ message, button }: Refusal): Promise<void> {
  const labels = button === undefined ? [] : [button.label];
  const answer = await tellWarning(message, ...labels);
  if (button !== undefined && answer === button.label) {
    await vscode.commands.executeCommand(button.command);
  }
}

/** `treeline (120 files, 0.9 MB)`, and of how many if not of all. */
export function workspaceText(
  folders: readonly { readonly name: string }[],
  { files, numBytes, numFound }: WorkspaceSources,
): string {
  const names = nameText(folders.map(({ name }) => name).join(", "));
  const noun = numFound === 1 ? "file" : "files";
  const part = numFound > files.length ? ` of ${numFound}` : "";
  return `${names} (${files.length}${part} ${noun}, ${byteText(numBytes)})`;
}

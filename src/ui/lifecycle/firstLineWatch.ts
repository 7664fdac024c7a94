/** How soon first lines are shown with the loaded model; where that is too late, the user is told once, with the remedy. */
import * as vscode from "vscode";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { Config } from "../base/config.ts";
import { tellWarning } from "../base/notifications.ts";
import { updateUserSetting } from "../base/userSettings.ts";
import { formatSeconds } from "../figures/formats.ts";

/** Later than this, people have typed on, in ms. */
export const SLOW_FIRST_LINE_MS = 1_000;
/** Times that the median is taken of, the last ones. */
const MAX_TIMES = 9;
/** With fewer, one pause of the machine would decide. */
const MIN_TIMES = 5;
/** Models that were told of. */
const KEY = "treeline.slowModelsTold";
const MAX_TOLD = 20;

export class FirstLineWatch {
  readonly #storage: Pick<vscode.Memento, "get" | "update">;
  #models: LoadedModels | undefined;
  #times: readonly number[] = [];

  /** @param storage - the one that all windows share. */
  constructor(storage: Pick<vscode.Memento, "get" | "update">) {
    this.#storage = storage;
  }

  /** In ms; undefined until enough lines were shown. */
  get medianMs(): number | undefined {
    if (this.#times.length < MIN_TIMES) return undefined;
    return this.#times.toSorted((a, b) => a - b)[Math.floor(this.#times.length / 2)];
  }

  /** What was seen holds for these models alone. */
  serves(models: LoadedModels | undefined): void {
    if (models === undefined || models === this.#models) return;
    this.#models = models;
    this.#times = [];
  }

  /**
   * A first line was shown, or was waited for in vain for longer than is good.
   * Resolves when the user has answered, if there was anything to say. @throws what the answer's command throws.
   */
  async waited(ms: number, config: Config): Promise<void> {
    this.#times = [...this.#times, ms].slice(-MAX_TIMES);
    const median = this.medianMs;
    if (median === undefined || median <= SLOW_FIRST_LINE_MS || this.#models === undefined) return;
    // The demonstration has a notice of its own.
    if (config.targetPath === undefined) return;
    const told = this.#storage.get<readonly string[]>(KEY) ?? [];
    const { path } = this.#models.target;
    if (told.includes(path)) return;
    const answered = warn(this.#models, median, config);
    await this.#storage.update(KEY, [...told, path].slice(-MAX_TOLD));
    await answered;
  }
}

async function warn({ target, backend }: LoadedModels, ms: number, config: Config): Promise<void> {
  const choose = vscode.l10n.t("Choose a Model");
  const useGpu = vscode.l10n.t("Use the GPU");
  const figures = vscode.l10n.t(
    "with {0} on {1} a first line takes {2} here (median of the last ones), which is longer than most pauses in typing.",
    target.name,
    backend,
    formatSeconds(ms),
  );
  // Reading the prompt is most of it, and takes what the weights take.
  const percent = Math.max(5, Math.floor((SLOW_FIRST_LINE_MS / ms) * 20) * 5);
  const smaller = vscode.l10n.t(
    "A model of about {0} % of its size should need about a second.",
    percent,
  );
  const isGpuOff = backend === "cpu" && config.gpu === "off";
  const gpu = isGpuOff ? ` ${vscode.l10n.t("The GPU is switched off in the settings.")}` : "";
  const buttons = isGpuOff ? [choose, useGpu] : [choose];
  const answer = await tellWarning(`${figures} ${smaller}${gpu}`, ...buttons);
  if (answer === choose) await vscode.commands.executeCommand("treeline.setUpModels");
  if (answer === useGpu) await updateUserSetting("model.gpu", undefined);
}

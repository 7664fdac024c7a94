/** How soon models show a line here: read from the book of measurements, and measured in an engine of its own. */
import { join } from "node:path";
import * as vscode from "vscode";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import { labelText } from "../../core/base/foreignText.ts";
import type { Log } from "../../core/base/log.ts";
import { SpeedBook } from "../../models/advice/speedBook.ts";
import { measureMachine, measureSpeed } from "../../session/advice/measureSpeed.ts";
import type { EngineClient } from "../../session/client/engineClient.ts";
import { signalOf } from "../base/vscodeAdapters.ts";

export interface ModelSpeedsOptions {
  /** Kept between sessions, for all windows. */
  readonly storagePath: string;
  /** The bundled target, whose tokenizer the probe takes. */
  readonly tokenizerPath: string;
  readonly createClient: () => EngineClient;
  readonly gpu: () => string;
  readonly log: Log;
}

export class ModelSpeeds {
  readonly #options: ModelSpeedsOptions;

  constructor(options: ModelSpeedsOptions) {
    this.#options = options;
  }

  book(): Promise<SpeedBook> {
    const { storagePath, gpu } = this.#options;
    return SpeedBook.open(join(storagePath, "speed.json"), gpu());
  }

  /** Measures with models that stand in for others. False where that did not work, which the log says. */
  async measureMachine(book: SpeedBook, signal: AbortSignal): Promise<boolean> {
    const { storagePath: folder, tokenizerPath: tokenizer } = this.#options;
    return this.#measure("machine", async (client) => {
      const { backend: _, ...probed } = await measureMachine(client, folder, tokenizer, signal);
      await book.addProbed(probed);
      return JSON.stringify(probed);
    });
  }

  /** Measures with a model, telling so; the user may end it. */
  async measureModel(name: string, title: string, path: string): Promise<void> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t("Treeline: measuring how soon {0} shows a line here", labelText(title)),
      cancellable: true,
    };
    await vscode.window.withProgress(options, async (_, token) => {
      using abort = signalOf(token);
      const book = await this.book();
      await this.#measure(name, async (client) => {
        const { models: _models, ...speed } = await measureSpeed(client, path, abort.signal);
        await book.addModel(name, speed);
        return JSON.stringify(speed);
      });
    });
  }

  async #measure(what: string, work: (client: EngineClient) => Promise<string>): Promise<boolean> {
    const { createClient, log } = this.#options;
    const client = createClient();
    try {
      log("info", `speed measured of=${what} speed=${await work(client)}`);
      return true;
    } catch (error) {
      if (!isAbortError(error))
        log("warn", `speed not measured of=${what} reason=${JSON.stringify(messageOf(error))}`);
      return false;
    } finally {
      await client[Symbol.asyncDispose]();
    }
  }
}

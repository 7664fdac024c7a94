/** Whether other windows hold models as well: each has an engine of its own, and that costs memory. */
import { messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { LoadedEngines } from "../../session/client/loadedEngines.ts";

export class OtherWindows {
  readonly #engines: LoadedEngines;
  readonly #log: Log;
  readonly #onChange: () => void;
  /** Of this window's models; 0 while it holds none. */
  #ownBytes = 0;
  #alsoLoadedBytes = 0;

  /** @param onChange - called when `alsoLoadedBytes` is another. */
  constructor(engines: LoadedEngines, log: Log, onChange: () => void) {
    this.#engines = engines;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Of this window's models, where another window holds models, too; 0 if none does. */
  get alsoLoadedBytes(): number {
    return this.#alsoLoadedBytes;
  }

  /** This window holds models now. */
  async announce({ target, draft }: LoadedModels): Promise<void> {
    const files = draft === undefined ? [target] : [target, draft];
    const bytes = files.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
    this.#ownBytes = bytes;
    this.#noteOthers(await this.#try(() => this.#engines.announce()));
  }

  async look(): Promise<void> {
    if (this.#ownBytes === 0) return;
    this.#noteOthers(await this.#try(() => this.#engines.others()));
  }

  /** This window holds none any more. */
  async withdraw(): Promise<void> {
    this.#ownBytes = 0;
    this.#set(0);
    await this.#try(() => this.#engines.withdraw());
  }

  /** It only informs: a full disk, or one that is read only, stands in nobody's way. */
  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#log("warn", `other windows not told: ${messageOf(error)}`);
      return undefined;
    }
  }

  #noteOthers(pids: readonly number[] | undefined): void {
    if (pids !== undefined) this.#set(pids.length);
  }

  #set(numOthers: number): void {
    const bytes = numOthers === 0 ? 0 : this.#ownBytes;
    if (bytes === this.#alsoLoadedBytes) return;
    this.#alsoLoadedBytes = bytes;
    if (bytes > 0) {
      this.#log("info", `also loaded elsewhere windows=${numOthers} extraBytes=${bytes}`);
    }
    this.#onChange();
  }
}

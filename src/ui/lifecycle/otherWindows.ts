/** Whether other windows hold models as well: each has an engine of its own, and that costs memory. */
import type { Log } from "../../core/base/log.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { LoadedEngines } from "../../session/client/loadedEngines.ts";

export class OtherWindows {
  readonly #engines: LoadedEngines;
  readonly #log: Log;
  readonly #onChange: () => void;
  #models: LoadedModels | undefined;
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
  async announce(models: LoadedModels): Promise<void> {
    this.#models = models;
    const { target, draft } = models;
    const modelPaths = [target, ...(draft === undefined ? [] : [draft])].map(({ path }) => path);
    this.#set((await this.#engines.announce({ modelPaths, bytes: bytesOf(models) })).length);
  }

  /** Looks again. */
  async look(): Promise<void> {
    if (this.#models !== undefined) this.#set((await this.#engines.others()).length);
  }

  /** This window holds none any more. */
  async withdraw(): Promise<void> {
    this.#models = undefined;
    this.#set(0);
    await this.#engines.withdraw();
  }

  #set(numOthers: number): void {
    const bytes = numOthers === 0 || this.#models === undefined ? 0 : bytesOf(this.#models);
    if (bytes === this.#alsoLoadedBytes) return;
    this.#alsoLoadedBytes = bytes;
    if (bytes > 0) {
      this.#log("info", `also loaded elsewhere windows=${numOthers} extraBytes=${bytes}`);
    }
    this.#onChange();
  }
}

function bytesOf({ target, draft }: LoadedModels): number {
  return target.fileBytes + (draft?.fileBytes ?? 0);
}

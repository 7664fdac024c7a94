/** What is said of the workspace's index while it is made: to whoever shows it, and to the log. */
import type { Log } from "../../core/base/log.ts";
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { WorkspaceStatus } from "../protocol/workspaceMessages.ts";

/** Fewer files than that are everyday changes, and no line in the log. */
const MIN_LOGGED_FILES = 20;

export class IndexReports {
  readonly #index: WorkspaceIndex;
  readonly #onStatus: (status: WorkspaceStatus) => void;
  readonly #log: Log;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(index: WorkspaceIndex, onStatus: (status: WorkspaceStatus) => void, log: Log) {
    this.#index = index;
    this.#onStatus = onStatus;
    this.#log = log;
  }

  /** @param intervalMs - not at all where something was told so shortly before. */
  tell(phase: WorkspaceStatus["phase"], numWaiting: number, intervalMs = 0): void {
    const now = performance.now();
    if (now < this.#toldAt + intervalMs) return;
    this.#toldAt = now;
    const { numFiles, numTokens } = this.#index;
    this.#onStatus({ phase, numFiles, numTokens, numWaiting });
  }

  logSize(numRead: number, ms: number): void {
    const { numFiles, numTokens, numBytes } = this.#index;
    this.#log(
      numRead < MIN_LOGGED_FILES ? "debug" : "info",
      `workspace indexed files=${numFiles} read=${numRead} tokens=${numTokens} bytes=${numBytes} ms=${ms.toFixed(0)}`,
    );
  }
}

/** What is said of the workspace's index while it is made: to whoever shows it, and to the log. */
import type { Log } from "../../core/base/log.ts";
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { WorkspaceStatus } from "../protocol/workspaceMessages.ts";

/** Fewer files than that are everyday changes, and no line in the log. */
const MIN_LOGGED_FILES = 20;

export function indexReports(
  index: WorkspaceIndex,
  onStatus: (status: WorkspaceStatus) => void,
  log: Log,
) {
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    /** @param intervalMs - not at all where something was told so shortly before. */
    tell(phase: WorkspaceStatus["phase"], numWaiting: number, intervalMs = 0): void {
      const now = performance.now();
      if (now < toldAt + intervalMs) return;
      toldAt = now;
      const { numFiles, numTokens } = index;
      onStatus({ phase, numFiles, numTokens, numWaiting });
    },
    logSize(numRead: number, ms: number): void {
      const { numFiles, numTokens, numBytes } = index;
      log(
        numRead < MIN_LOGGED_FILES ? "debug" : "info",
        `workspace indexed files=${numFiles} read=${numRead} tokens=${numTokens} bytes=${numBytes} ms=${ms.toFixed(0)}`,
      );
    },
  };
}

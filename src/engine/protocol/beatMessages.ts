/** What the engine says of itself while it works, unasked: that its event loop turns, and whether the process does anything. */
import { NotificationType } from "vscode-jsonrpc/node";

/** Time between beats, in ms. Shorter requests need none: their answer is a sign of life. */
export const BEAT_MS = 3_000;

/** Sums over the process's life, all of its threads together. */
export interface Beat {
  /** ms; by the engine's clock. */
  readonly atMs: number;
  /** Processor time used, in ms. */
  readonly cpuMs: number;
  /** Reads and page faults that went to a file; what of them is noise is left out. */
  readonly numReads: number;
}

export const beatNotification = new NotificationType<Beat>("beat");

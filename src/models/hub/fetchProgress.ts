/** How far a model is, how fast it comes and how long it will take. */

export interface FetchProgress {
  /** `waiting`: another process fetches it. `checking`: what is here already is read. */
  readonly phase: "asking" | "waiting" | "checking" | "fetching" | "retrying";
  readonly doneBytes: number;
  readonly totalBytes?: number;
  /** Of the last seconds. */
  readonly bytesPerSecond?: number;
  readonly msLeft?: number;
  /** Why it is tried again. */
  readonly detail?: string;
}

/** The rate is taken over so long; a shorter one jumps, a longer one is of the past. */
const WINDOW_MS = 5_000;

interface Mark {
  readonly ms: number;
  readonly bytes: number;
}

export class TransferRate {
  /** The oldest first, at most one each 100 ms. */
  readonly #marks: Mark[] = [];

  progress(doneBytes: number, totalBytes: number, nowMs: number): FetchProgress {
    const last = this.#marks.at(-1);
    if (last === undefined || nowMs - last.ms >= 100) {
      this.#marks.push({ ms: nowMs, bytes: doneBytes });
    }
    while (this.#marks.length > 2 && nowMs - this.#marks[0]!.ms > WINDOW_MS) this.#marks.shift();
    const [first] = this.#marks;
    const known = { phase: "fetching", doneBytes, totalBytes } as const;
    if (first === undefined || nowMs - first.ms < 500 || doneBytes <= first.bytes) return known;
    const bytesPerSecond = ((doneBytes - first.bytes) / (nowMs - first.ms)) * 1000;
    const msLeft = ((totalBytes - doneBytes) / bytesPerSecond) * 1000;
    return { ...known, bytesPerSecond, msLeft };
  }
}

const PHASE_TEXTS = {
  asking: "asking the hub",
  waiting: "another process fetches it, waiting",
  checking: "reading what is here already",
  retrying: "trying again",
} as const;

/** "312 MB of 531 MB, 12.3 MB/s, 18 s left". */
export function progressText(progress: FetchProgress): string {
  const { phase, doneBytes, totalBytes, bytesPerSecond, msLeft, detail } = progress;
  if (phase !== "fetching")
    return detail === undefined ? PHASE_TEXTS[phase] : `${detail}; ${PHASE_TEXTS[phase]}`;
  const megabytes = (bytes: number) => `${Math.floor(bytes / 1e6)} MB`;
  const parts = [`${megabytes(doneBytes)} of ${megabytes(totalBytes ?? 0)}`];
  if (bytesPerSecond !== undefined) parts.push(`${(bytesPerSecond / 1e6).toFixed(1)} MB/s`);
  if (msLeft !== undefined) parts.push(`${durationText(msLeft)} left`);
  return parts.join(", ");
}

/** "18 s", "4 min", "1 h 20 min". */
function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

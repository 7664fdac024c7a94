/**
 * Beats while there is work, so that whoever waits for the engine can tell slow from hung. Native calls run on other
 * threads and leave the event loop alone; what the process used meanwhile tells whether they get anywhere.
 */
import { BEAT_MS, type Beat } from "./protocol/beatMessages.ts";

/**
 * On Windows every read of a pipe and every soft page fault counts, elsewhere only what was fetched from a disk. So many
 * in a beat are a handful of messages and the garbage collector; a file read or mapped at 1 MB/s makes several times more.
 */
const WINDOWS_READS_PER_UNIT = 64;

export class Heartbeat {
  readonly #send: (beat: Beat) => void;
  #numHolders = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (beat: Beat) => void) {
    this.#send = send;
  }

  /** Beats until what is returned is disposed. */
  hold(): Disposable {
    if (this.#numHolders++ === 0) this.#timer = setInterval(() => this.#send(takeBeat()), BEAT_MS);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        if (--this.#numHolders === 0) clearInterval(this.#timer);
      },
    };
  }
}

function takeBeat(): Beat {
  const { userCPUTime, systemCPUTime, fsRead, majorPageFault } = process.resourceUsage();
  const unit = process.platform === "win32" ? WINDOWS_READS_PER_UNIT : 1;
  return {
    atMs: performance.now(),
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    numReads: Math.floor((fsRead + majorPageFault) / unit),
  };
}

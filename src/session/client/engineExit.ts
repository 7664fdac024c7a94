/** How an engine process ended, in words a user can act on. Pure. */
import { EngineError } from "../../core/base/errors.ts";
import { foreignText } from "../../core/base/foreignText.ts";
import type { RestartPolicy } from "./restartPolicy.ts";

export interface EngineExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it said last on stderr; empty if it said nothing. */
  readonly lastStderrLine: string;
  /** What it was ended for, if it hung, in words that follow "it". */
  readonly hang?: string;
}

/** Characters of stderr kept; a few lines. */
const MAX_TAIL_LENGTH = 8_192;
/** Of the last line that a message repeats, in UTF-16 units. */
const MAX_WORDS_LENGTH = 200;
/** Lines that say nothing of the cause: stack frames and what Node prints around an uncaught error. */
const NOISE = /^(\s|[{}]|Node\.js v|$)/;

/** The end of a text stream, in bounded memory. */
export class StderrTail {
  #text = "";

  append(text: string): void {
    this.#text = (this.#text + text).slice(-MAX_TAIL_LENGTH);
  }

  /** The last line that names a cause, or the last of any kind. */
  get lastLine(): string {
    const lines = this.#text.split(/\r?\n/).filter((line) => line.trim() !== "");
    return (lines.findLast((line) => !NOISE.test(line)) ?? lines.at(-1) ?? "").trim();
  }
}

/** Examples: `signal SIGSEGV; its last words were "CUDA error"`, `a hang: it gave no sign of life for 15 s`. */
export function describeExit(exit: EngineExit): string {
  if (exit.hang !== undefined) return `a hang: it ${exit.hang}`;
  const reason =
    exit.signal !== null
      ? `signal ${exit.signal}`
      : exit.code !== null
        ? `exit code ${exit.code}`
        : "no process";
  return exit.lastStderrLine === ""
    ? reason
    : `${reason}; its last words were "${foreignText(exit.lastStderrLine, MAX_WORDS_LENGTH)}"`;
}

/** The error of a request whose engine died. */
export function crashError(exit: EngineExit, policy: RestartPolicy): EngineError {
  const remedy = policy.hasGivenUp
    ? `This was crash ${policy.numCrashes} in a row: set the GPU to off or choose a smaller model, then restart the engine.`
    : "It starts again with the next request; if this repeats, set the GPU to off or choose a smaller model.";
  if (exit.hang !== undefined) {
    return new EngineError(
      "engineCrashed",
      `The engine process hung and was ended: it ${exit.hang}. ${remedy} A GPU's driver and a drive that does not ` +
        "answer are the usual causes.",
    );
  }
  return new EngineError(
    "engineCrashed",
    `The engine process ended unexpectedly with ${describeExit(exit)}. ${remedy}`,
  );
}

/** The error of a request made while too many crashes lie too close behind. */
export function givenUpError(
  lastFailure: string,
  numCrashes: number,
  retryInMs: number,
): EngineError {
  return new EngineError(
    "engineCrashed",
    `The engine failed ${numCrashes} times in a row and is not started again for ${Math.ceil(retryInMs / 1000)} s. ` +
      `Last failure: ${lastFailure}`,
  );
}

/** Failures of the command line and their exit codes. */
import { foreignText } from "../../core/base/foreignText.ts";

export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
/** 128 + SIGINT, as shells report it. */
export const EXIT_INTERRUPTED = 130;

/** Something the user can put right; one line that says what was expected, what was found and what to do. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILURE) {
    super(foreignText(message));
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}

/** Runs a command line: signals, what its streams do, exit codes. */
import { type Command, CommanderError } from "commander";
import { EngineError, isAbortError, messageOf } from "../../core/base/errors.ts";
import { CliError, EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE } from "./cliError.ts";
import type { CommandContext } from "./engineSession.ts";
import { Terminal } from "./terminal.ts";

/** @param cliUrl - of the module that was started. */
export async function runProgram(
  cliUrl: string,
  create: (context: CommandContext, signal: AbortSignal) => Command,
): Promise<void> {
  const terminal = new Terminal(process.stdout, process.stderr, process.env);
  // A reader that has seen enough, such as `head`, is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    terminal.note(`error: cannot write the output: ${error.message}`);
    process.exit(EXIT_FAILURE);
  });
  // What stderr carries is beside the output; without it the command still did its work.
  process.stderr.on("error", () => {});
  try {
    const context: CommandContext = {
      terminal,
      cliUrl,
      env: process.env,
      workingFolder: currentFolder(),
    };
    await create(context, interruptSignal()).parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error, terminal);
  }
}

/** @throws CliError where the folder that the command was started in is gone. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    throw new CliError("The current folder is gone. Change to one that exists.", EXIT_FAILURE);
  }
}

/** Aborts on Ctrl+C; a second Ctrl+C ends the process at once. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
  });
  for (const name of ["SIGTERM", "SIGHUP"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

function exitCodeOf(error: unknown, terminal: Terminal): number {
  if (isAbortError(error)) return EXIT_INTERRUPTED;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof CliError) {
    terminal.note(`error: ${error.message}`);
    return error.exitCode;
  }
  const code = error instanceof EngineError ? ` (${error.code})` : "";
  terminal.note(`error: ${messageOf(error)}${code}`);
  return EXIT_FAILURE;
}

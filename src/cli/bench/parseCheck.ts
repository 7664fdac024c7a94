/**
 * Whether a file parses, told by parsers that Treeline does not use: programs that read it from their standard input and say
 * so by their exit code. Nothing of it is run.
 */
import { spawn } from "node:child_process";
import type { Parses } from "../../bench/accuracy/placeResult.ts";
import { packagePath } from "../base/bundledModels.ts";
import type { CommandContext } from "../base/engineSession.ts";

interface Parser {
  /** What a report calls it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** A parser takes well under a second; one that hangs is none. In ms. */
const TIMEOUT_MS = 20_000;

/** Parsers by language: see `bench/spots/stopSpots.ts` for their names. */
export class ParseCheck {
  readonly #esbuild: string;
  readonly #usable = new Map<string, Promise<boolean>>();

  /** @param context - esbuild is a development dependency, so a clone has it. */
  constructor({ cliUrl }: Pick<CommandContext, "cliUrl">) {
    const executable = process.platform === "win32" ? "esbuild.cmd" : "esbuild";
    this.#esbuild = packagePath(cliUrl, `node_modules/.bin/${executable}`);
  }

  /** Who tells for a language, or why nobody does, in words. */
  async parserOf(language: string, signal: AbortSignal): Promise<string> {
    const parser = this.#parser(language, "");
    if (parser === undefined) return "no parser";
    return (await this.#isUsable(parser, signal))
      ? parser.name
      : `${parser.name}, which is missing here`;
  }

  /** @returns null where nobody can tell. */
  async parses(language: string, path: string, text: string, signal: AbortSignal): Promise<Parses> {
    const parser = this.#parser(language, path);
    if (parser === undefined || !(await this.#isUsable(parser, signal))) return null;
    return (await exitCode(parser, text, signal)) === 0;
  }

  #parser(language: string, path: string): Parser | undefined {
    switch (language) {
      case "typescript":
      case "javascript": {
        const loader = /\.([jt]sx)$/.exec(path)?.[1] ?? (language === "typescript" ? "ts" : "jsx");
        const args = [`--loader=${loader}`, "--log-level=silent"];
        return { name: "esbuild", command: this.#esbuild, args };
      }
      case "python": {
        const program = "import ast, sys; ast.parse(sys.stdin.buffer.read())";
        const command = process.platform === "win32" ? "python" : "python3";
        return { name: "Python's ast", command, args: ["-I", "-W", "ignore", "-c", program] };
      }
      case "go":
        return { name: "gofmt", command: "gofmt", args: ["-e"] };
      case "rust":
        return { name: "rustfmt", command: "rustfmt", args: ["--edition", "2021"] };
      default:
        return undefined;
    }
  }

  /** Whether it takes an empty file of its language. */
  #isUsable(parser: Parser, signal: AbortSignal): Promise<boolean> {
    const known = this.#usable.get(parser.name);
    if (known !== undefined) return known;
    const text = parser.name === "gofmt" ? "package p\n" : "\n";
    const usable = exitCode(parser, text, signal).then((code) => code === 0);
    this.#usable.set(parser.name, usable);
    return usable;
  }
}

/** @returns -1 where it cannot be started, or does not end. @throws the signal's reason. */
async function exitCode(
  { command, args }: Parser,
  text: string,
  signal: AbortSignal,
): Promise<number> {
  const code = await new Promise<number>((resolve) => {
    // A .cmd file needs a shell, which would part its path at a space; nothing of the text is on the command line.
    const shell = command.endsWith(".cmd");
    const child = spawn(shell ? `"${command}"` : command, args, {
      stdio: ["pipe", "ignore", "ignore"],
      signal,
      timeout: TIMEOUT_MS,
      shell,
      windowsHide: true,
    });
    child.on("error", () => resolve(-1));
    child.on("close", (exited) => resolve(exited ?? -1));
    // A parser may have seen enough before the end.
    child.stdin.on("error", () => {});
    child.stdin.end(text);
  });
  signal.throwIfAborted();
  return code;
}

/**
 * The results of a long run as they come, one JSON line each, so that a run that was stopped, however hard, goes on where it
 * was. The first line says what was measured; another run does not go on with it.
 */
import { appendFile, readFile, truncate } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../../core/base/errors.ts";
import { CliError } from "../base/cliError.ts";
import type { SuiteSurroundings } from "./benchSuite.ts";

/** The file that --resume names; undefined without. */
export function resumePath({ options, context }: SuiteSurroundings): string | undefined {
  return options.resume === undefined ? undefined : resolve(context.workingFolder, options.resume);
}

/** What makes a run another one. */
export type RunSettings = Readonly<Record<string, string | number | null>>;

export class ResumeFile<T extends { readonly key: string }> {
  readonly #path: string | undefined;
  /** By key, in the order in which they came. */
  readonly done: ReadonlyMap<string, T>;

  private constructor(path: string | undefined, done: ReadonlyMap<string, T>) {
    this.#path = path;
    this.done = done;
  }

  /**
   * @param path - absolute; nothing is kept without one.
   * @throws CliError if the file is of other settings, is none of ours, or cannot be written.
   */
  static async open<T extends { readonly key: string }>(
    path: string | undefined,
    settings: RunSettings,
  ): Promise<ResumeFile<T>> {
    const done = new Map<string, T>();
    if (path === undefined) return new ResumeFile(path, done);
    const text = await read(path);
    // A line without its end was being written when the run was stopped.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const [head, ...lines] = whole.split("\n").filter((line) => line !== "");
    try {
      if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
      if (head === undefined) await appendFile(path, `${JSON.stringify(settings)}\n`);
    } catch (error) {
      throw new CliError(`Cannot write ${path}: ${messageOf(error)}. Check the path of --resume.`);
    }
    if (head !== undefined) checkSettings(path, head, settings);
    for (const [index, line] of lines.entries()) {
      const result = parsed(line) as T | undefined;
      if (typeof result?.key !== "string") {
        throw new CliError(
          `Expected a result in line ${index + 2} of ${path}, found none. Name another file, or delete this one.`,
        );
      }
      done.set(result.key, result);
    }
    return new ResumeFile(path, done);
  }

  /** @throws CliError where it cannot be written. */
  async add(result: T): Promise<void> {
    if (this.#path === undefined) return;
    try {
      await appendFile(this.#path, `${JSON.stringify(result)}\n`);
    } catch (error) {
      throw new CliError(
        `Cannot write ${this.#path}: ${messageOf(error)}. The results before are in it; go on with --resume.`,
      );
    }
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new CliError(`Cannot read ${path}: ${messageOf(error)}. Check the path of --resume.`);
  }
}

function checkSettings(path: string, head: string, settings: RunSettings): void {
  const found = parsed(head) as RunSettings | undefined;
  if (typeof found !== "object" || found === null || !("what" in found)) {
    throw new CliError(
      `Expected the results of an earlier run in ${path}, found something else. Name another file.`,
    );
  }
  const names = new Set([...Object.keys(settings), ...Object.keys(found)]);
  const other = [...names].find((name) => settings[name] !== found[name]);
  if (other === undefined) return;
  throw new CliError(
    `${path} is of another run: its ${other} is ${JSON.stringify(found[other])}, this run's ` +
      `${JSON.stringify(settings[other])}. Name another file, or delete this one.`,
  );
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

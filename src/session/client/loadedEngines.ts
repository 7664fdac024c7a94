/**
 * Which windows of this user hold models. Each has a file named after its process in one shared folder; files of
 * processes that are gone count for nothing. It only informs: nobody waits for anybody.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunning as isProcessRunning } from "../../files/isRunning.ts";

/** What one window says of itself. */
export interface LoadedEngine {
  /** The process that owns the engine. */
  readonly pid: number;
  /** Paths of its models, and their size together. */
  readonly modelPaths: readonly string[];
  readonly bytes: number;
}

export class LoadedEngines {
  readonly #folder: string;
  readonly #pid: number;
  readonly #isRunning: (pid: number) => boolean;

  constructor(folder: string, pid = process.pid, isRunning = isProcessRunning) {
    this.#folder = folder;
    this.#pid = pid;
    this.#isRunning = isRunning;
  }

  /** Says what this window holds, and returns the others that are running. */
  async announce(models: Omit<LoadedEngine, "pid">): Promise<LoadedEngine[]> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#fileOf(this.#pid), JSON.stringify({ pid: this.#pid, ...models }));
    return this.others();
  }

  /** The other windows that hold models; forgets those that are gone. */
  async others(): Promise<LoadedEngine[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const engines = await Promise.all(names.map((name) => this.#read(name)));
    return engines.filter((engine) => engine !== undefined);
  }

  /** This window holds nothing any more. */
  async withdraw(): Promise<void> {
    await rm(this.#fileOf(this.#pid), { force: true });
  }

  async #read(name: string): Promise<LoadedEngine | undefined> {
    const pid = Number(/^(\d+)\.json$/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || pid === this.#pid) return undefined;
    if (!this.#isRunning(pid)) {
      await rm(this.#fileOf(pid), { force: true });
      return undefined;
    }
    return parse(await readFile(this.#fileOf(pid), "utf8").catch(() => ""), pid);
  }

  #fileOf(pid: number): string {
    return join(this.#folder, `${pid}.json`);
  }
}

function parse(text: string, pid: number): LoadedEngine | undefined {
  try {
    const { modelPaths, bytes } = JSON.parse(text) as Partial<LoadedEngine>;
    const paths = Array.isArray(modelPaths)
      ? modelPaths.filter((path) => typeof path === "string")
      : [];
    return { pid, modelPaths: paths, bytes: typeof bytes === "number" ? bytes : 0 };
  } catch {
    // It is being written right now.
    return undefined;
  }
}

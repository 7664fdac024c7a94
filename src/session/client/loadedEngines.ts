/**
 * Which windows of this user hold models. Each has a file named after its process in one shared folder; files of
 * processes that are gone count for nothing. It only informs: nobody waits for anybody.
 */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunning as isProcessRunning } from "../../files/isRunning.ts";

export class LoadedEngines {
  readonly #folder: string;
  readonly #pid: number;
  readonly #isRunning: (pid: number) => boolean;

  constructor(folder: string, pid = process.pid, isRunning = isProcessRunning) {
    this.#folder = folder;
    this.#pid = pid;
    this.#isRunning = isRunning;
  }

  /** Says that this window holds models. @returns as {@link others}. */
  async announce(): Promise<number[]> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#fileOf(this.#pid), "");
    return this.others();
  }

  /** The processes of the other windows that hold models; forgets those that are gone. */
  async others(): Promise<number[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const pids = names
      .map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1]))
      .filter((pid) => Number.isInteger(pid) && pid !== this.#pid);
    const gone = pids.filter((pid) => !this.#isRunning(pid));
    await Promise.all(gone.map((pid) => rm(this.#fileOf(pid), { force: true })));
    return pids.filter((pid) => !gone.includes(pid));
  }

  /** This window holds nothing any more. */
  async withdraw(): Promise<void> {
    await rm(this.#fileOf(this.#pid), { force: true });
  }

  #fileOf(pid: number): string {
    return join(this.#folder, `${pid}.json`);
  }
}

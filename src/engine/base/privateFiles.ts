/**
 * Blobs that are learned from the user's code and kept between sessions, in a folder of their own. Only the user may read
 * them; each is replaced as a whole or not at all; whoever reads one must judge it, as others may have written it.
 */
import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbortError, messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import { isRunning } from "../../files/isRunning.ts";
import { DRAFT_ENDING, replaceFile } from "../../files/replaceFile.ts";

const ENDING = ".bin";
/** More than any blob of ours; a larger one is not read, in bytes. */
const MAX_BLOB_BYTES = 512 * 1024 ** 2;

export class PrivateFiles {
  readonly #folder: string;
  readonly #log: Log;
  /** One operation at a time, so that what is forgotten is not written after. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder - absolute; created at the first save, its files are ours. */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Replaces a blob. Never rejects: what is not kept is made again.
   * @param name - letters, digits and dashes; it tells nothing of the user.
   * @param bytes - whole, or in parts one behind the other; if these throw, the blob stays as it was.
   * @returns whether it was written.
   */
  save(name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<boolean> {
    return this.#inTurn(async () => {
      const path = this.#pathOf(name);
      try {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        // It may have been there before.
        await chmod(this.#folder, 0o700);
        await this.#removeDrafts();
        await replaceFile(path, bytes, 0o600);
        return true;
      } catch (error) {
        if (!isAbortError(error))
          this.#log("warn", `blob not saved name=${name} reason=${quoted(error)}`);
        return false;
      }
    });
  }

  /** The blob as it is on disk, or undefined. Never rejects. */
  load(name: string): Promise<Uint8Array | undefined> {
    return this.#inTurn(async () => {
      try {
        const path = this.#pathOf(name);
        const found = await stat(path);
        if (found.isFile() && found.size <= MAX_BLOB_BYTES) {
          // A plain array: a slice of a Buffer would be no copy.
          const { buffer, byteOffset, length } = await readFile(path);
          return new Uint8Array(buffer, byteOffset, length);
        }
        this.#log("warn", `blob not loaded name=${name} bytes=${found.size}`);
      } catch (error) {
        const isThere = (error as NodeJS.ErrnoException).code !== "ENOENT";
        if (isThere) this.#log("warn", `blob not loaded name=${name} reason=${quoted(error)}`);
      }
      return undefined;
    });
  }

  /** Deletes the folder. @throws what keeps it from being deleted. */
  forgetAll(): Promise<void> {
    return this.#inTurn(() => rm(this.#folder, { recursive: true, force: true }));
  }

  /** What an engine left that died while it wrote. */
  async #removeDrafts(): Promise<void> {
    const names = await readdir(this.#folder);
    const drafts = names.filter((name) => name.endsWith(DRAFT_ENDING) && !isBeingWritten(name));
    await Promise.all(drafts.map((name) => rm(join(this.#folder, name), { force: true })));
  }

  #pathOf(name: string): string {
    if (!/^[\w-]+$/.test(name)) throw new RangeError(`${JSON.stringify(name)} names no blob`);
    return join(this.#folder, name + ENDING);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result;
    return result;
  }
}

/** Whether the process in a draft's name is there: another engine may be writing in the same folder. */
function isBeingWritten(name: string): boolean {
  const pid = Number(name.slice(0, -DRAFT_ENDING.length).split(".").at(-1));
  return Number.isInteger(pid) && pid !== process.pid && isRunning(pid);
}

function quoted(error: unknown): string {
  // Node's messages of files have their paths.
  const { code } = error as NodeJS.ErrnoException;
  return code ?? JSON.stringify(messageOf(error));
}

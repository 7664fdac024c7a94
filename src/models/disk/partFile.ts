/** A file that is being fetched, and the SHA-256 of what it holds. It goes on where an earlier process was ended. */
import { createHash, type Hash } from "node:crypto";
import { constants, type FileHandle, open } from "node:fs/promises";

const READ_BYTES = 1 << 22;

export class PartFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  #hash: Hash;
  #bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
    this.#hash = createHash("sha256");
  }

  /**
   * Opens what is there, or begins a new file.
   * @param onRead - bytes that were read again so far.
   */
  static async open(
    path: string,
    onRead: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<PartFile> {
    // No flag in letters stands for this: "a+" would write at the end only, "w+" begin a new file.
    // A link is not followed where the system can say so (not on Windows): it may lead out of the folder.
    const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
    const handle = await open(path, flags, 0o600);
    const part = new PartFile(path, handle);
    try {
      const buffer = new Uint8Array(READ_BYTES);
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, part.#bytes);
        if (bytesRead === 0) return part;
        part.#hash.update(buffer.subarray(0, bytesRead));
        part.#bytes += bytesRead;
        onRead(part.#bytes);
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws what the file system says; then the file may be longer than `bytes`, which the next write puts right. */
  async append(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(
        chunk,
        done,
        chunk.length - done,
        this.#bytes + done,
      );
      done += bytesWritten;
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  async empty(): Promise<void> {
    await this.#handle.truncate(0);
    this.#bytes = 0;
    this.#hash = createHash("sha256");
  }

  /** Puts everything on the disk. @returns the SHA-256 in hex. */
  async finish(): Promise<string> {
    await this.#handle.truncate(this.#bytes);
    await this.#handle.sync();
    return this.#hash.copy().digest("hex");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** One process at a time fetches a model. The lock is a file that its holder touches; one whose holder is gone is taken over. */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const TOUCH_MS = 2_000;
/** A holder that did not touch its lock for so long is gone, or its number went to another process. */
const STALE_MS = 20_000;
const LOOK_MS = 250;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Runs `work` while no other process does.
 * @param onWait - called each time that another one was found at work.
 * @throws the signal's reason; what `work` or the file system says.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => Promise<void> | void,
  signal: AbortSignal,
): Promise<T> {
  const own: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  const text = JSON.stringify(own);
  while (!(await create(path, text))) {
    signal.throwIfAborted();
    if (await removeIfGone(path, own.token)) continue;
    await onWait();
    await sleep(LOOK_MS, undefined, { signal });
  }
  const touch = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => {});
  }, TOUCH_MS);
  touch.unref();
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    clearInterval(touch);
    if ((await read(path)) === text) await rm(path, { force: true });
  }
}

/** Whether a living process holds the lock. */
export async function isLocked(path: string): Promise<boolean> {
  const text = await read(path);
  return text !== undefined && !(await isGone(path, text));
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function removeIfGone(path: string, token: string): Promise<boolean> {
  const text = await read(path);
  if (text === undefined) return true;
  if (!(await isGone(path, text))) return false;
  // Of several that found it gone, one can move it away. Was it another's new one by then, it is put back.
  const moved = `${path}.${token}`;
  try {
    await rename(path, moved);
    if ((await read(moved)) !== text) await link(moved, path).catch(() => {});
    await rm(moved, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return true;
}

async function isGone(path: string, text: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return true;
  if (Date.now() - found.mtimeMs > STALE_MS) return true;
  const { pid, host } = parse(text);
  return host === hostname() && pid !== undefined && !isRunning(pid);
}

/** Of a lock that is being written nothing is known yet. */
function parse(text: string): Partial<Holder> {
  try {
    return JSON.parse(text) as Partial<Holder>;
  } catch {
    return {};
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

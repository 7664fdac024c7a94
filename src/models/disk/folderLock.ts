/**
 * One process at a time fetches a model. The lock is a file that its holder touches; one whose holder is gone is taken over.
 * A machine that slept has old locks of living holders: age alone says nothing, a lock must also stay as it is.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import { isRunning } from "../../files/isRunning.ts";

const TOUCH_MS = 2_000;
/** A lock that was not touched for so long may be a dead one's, whose number went to another process. */
const STALE_MS = 20_000;
/** So long it is watched then: a living holder touches it in this time. */
const WATCH_MS = 2 * TOUCH_MS;
const LOOK_MS = 250;
/** Before the next try to take a lock that was nobody's: another one may be as fast each time. */
const TRY_MS = 10;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/** A lock as it was found. */
interface Look {
  readonly text: string;
  readonly touchedMs: number;
}

/**
 * Runs `work` while no other process does.
 * @param work - its signal also aborts where the lock was taken over, as after a time in which this process stood still.
 * @param onWait - called each time that another one was found at work.
 * @throws the signal's reason; EngineError downloadFailed where the lock was lost; what `work` or the file system says.
 */
export async function withLock<T>(
  path: string,
  work: (signal: AbortSignal) => Promise<T>,
  onWait: () => Promise<void> | void,
  signal: AbortSignal,
): Promise<T> {
  const own: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  const text = JSON.stringify(own);
  await take(path, own.token, text, onWait, signal);
  const lost = new AbortController();
  const touch = setInterval(() => void touchOwn(path, text, lost), TOUCH_MS);
  touch.unref();
  const both = AbortSignal.any([signal, lost.signal]);
  try {
    both.throwIfAborted();
    return await work(both);
  } finally {
    clearInterval(touch);
    if ((await textOf(path).catch(() => undefined)) === text) await rm(path, { force: true });
  }
}

/** Whether a living process holds the lock. @throws what the file system says of one that cannot be read. */
export async function isLocked(path: string): Promise<boolean> {
  const first = await look(path);
  if (first === undefined || isDead(first)) return false;
  if (!isOld(first)) return true;
  await sleep(WATCH_MS);
  const second = await look(path);
  return second !== undefined && !isSame(first, second);
}

async function take(
  path: string,
  token: string,
  text: string,
  onWait: () => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  let last: Look | undefined;
  let watchedMs = 0;
  while (!(await create(path, text))) {
    signal.throwIfAborted();
    const found = await look(path);
    // Counted by looks: a clock runs on while the machine sleeps.
    watchedMs = found && last && isSame(found, last) ? watchedMs + LOOK_MS : 0;
    last = found;
    const isGone = found === undefined || isDead(found) || (isOld(found) && watchedMs >= WATCH_MS);
    if (found !== undefined && isGone) await moveAway(path, found.text, token);
    if (!isGone) await onWait();
    await sleep(isGone ? TRY_MS : LOOK_MS, undefined, { signal });
  }
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Never rejects: what cannot be read or touched now may be the next time. */
async function touchOwn(path: string, text: string, lost: AbortController): Promise<void> {
  try {
    if ((await textOf(path)) !== text)
      lost.abort(
        new EngineError(
          "downloadFailed",
          `${pathText(path)}: expected the lock of this process, found that another took it over, as this one did not answer ` +
            "for long. Try again: what came is kept.",
        ),
      );
    else await utimes(path, new Date(), new Date());
  } catch {}
}

/** Of several that found it gone, one can move it away. Was it another's new one by then, it is put back. */
async function moveAway(path: string, text: string, token: string): Promise<void> {
  const moved = `${path}.${token}`;
  try {
    await rename(path, moved);
    if ((await textOf(moved)) !== text) await link(moved, path).catch(() => {});
    await rm(moved, { force: true });
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Undefined where there is none. */
async function look(path: string): Promise<Look | undefined> {
  const text = await textOf(path);
  const found = text === undefined ? undefined : await stat(path).catch(() => undefined);
  return text === undefined || found === undefined ? undefined : { text, touchedMs: found.mtimeMs };
}

function isSame(a: Look, b: Look): boolean {
  return a.text === b.text && a.touchedMs === b.touchedMs;
}

/** By another machine's clock, maybe, which may be ahead. */
function isOld({ touchedMs }: Look): boolean {
  return Math.abs(Date.now() - touchedMs) > STALE_MS;
}

function isDead({ text }: Look): boolean {
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

/** Undefined where there is none; what cannot be read is no free one. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

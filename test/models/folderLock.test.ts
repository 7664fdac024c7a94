import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isLocked, withLock } from "../../src/models/disk/folderLock.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-lock-"));
  path = join(folder, "model.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const LONG_AGO = new Date(Date.now() - 3_600_000);

/** As another process left it; `process.pid` stands for one that lives. */
async function leave(pid: number, touched = new Date(), host = hostname()): Promise<void> {
  await writeFile(path, JSON.stringify({ pid, host, token: "another" }));
  await utimes(path, touched, touched);
}

const take = (onWait = () => {}, signal = never) =>
  withLock(path, async () => "worked", onWait, signal);

describe("withLock", () => {
  test("a lock that cannot be read is an error, not a free one", async () => {
    await mkdir(path);
    await expect(take()).rejects.toThrow("EISDIR");
    await expect(isLocked(path)).rejects.toThrow("EISDIR");
  });

  test("a dead process's is taken over at once", async () => {
    await leave(2 ** 30);
    expect(await isLocked(path)).toBe(false);
    let numWaits = 0;
    expect(await take(() => numWaits++)).toBe("worked");
    expect(numWaits).toBe(0);
  });

  test("an old one of a holder that lives stays its own: the machine slept", async () => {
    await leave(process.pid, LONG_AGO);
    const looking = isLocked(path);
    const end = new AbortController();
    const taking = take(() => {}, end.signal);
    await sleep(1_500);
    // Awake again, the holder touches it.
    await leave(process.pid);
    expect(await looking).toBe(true);
    await sleep(3_500);
    end.abort();
    await expect(taking).rejects.toThrow(/abort/i);
    expect(await readFile(path, "utf8")).toContain("another");
  }, 20_000);

  test.each([
    ["whose number went to another process", hostname()],
    ["of another machine", "elsewhere"],
  ])(
    "an old one that nobody touches is taken over: a dead process's %s",
    async (_, host) => {
      await leave(process.pid, LONG_AGO, host);
      let numWaits = 0;
      const taken = take(() => numWaits++);
      expect(await isLocked(path)).toBe(false);
      expect(await taken).toBe("worked");
      expect(numWaits).toBeGreaterThan(10);
    },
    20_000,
  );

  test("whoever lost the lock ends its work, and touches the other's no more", async () => {
    const work = async (signal: AbortSignal) => {
      await leave(process.pid, LONG_AGO);
      await sleep(15_000, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    };
    await expect(withLock(path, work, () => {}, never)).rejects.toThrow(
      /expected the lock of this process, found that another took it over/,
    );
    expect(await readFile(path, "utf8")).toContain("another");
    expect(await isLocked(path)).toBe(false);
  }, 20_000);
});

/** What may stand where a file is expected, by whoever made a repository: each is made at a path. None on Windows. */
import { execFileSync } from "node:child_process";
import { mkdir, open, symlink } from "node:fs/promises";

/** More than any file may have that is read as a whole, in bytes; takes no room on the disk. */
const SPARSE_BYTES = 1_500 * 1024 ** 2;

export const hasOddFiles = process.platform !== "win32";

/** By name. None of them is a file that git would take rules from, but the sparse one. */
export const ODD_FILES: Readonly<Record<string, (path: string) => Promise<unknown> | unknown>> = {
  "a pipe": (path) => execFileSync("mkfifo", [path]),
  "a link to /dev/zero": (path) => symlink("/dev/zero", path),
  "a link to /dev/ptmx": (path) => symlink("/dev/ptmx", path),
  "a link to itself": (path) => symlink(path, path),
  "a link to a file elsewhere": (path) => symlink("/etc/hosts", path),
  "a folder": (path) => mkdir(path),
  "a sparse file": async (path) => {
    const file = await open(path, "w");
    await file.truncate(SPARSE_BYTES);
    await file.close();
  },
};

/** The processes of one VS Code server, read from /proc. Linux only. */
import { readdir, readFile } from "node:fs/promises";

export interface HostProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly sessionId: number;
  /** Arguments joined with spaces. */
  readonly commandLine: string;
}

async function readProcess(pid: number): Promise<HostProcess | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8");
    // "pid (name) state parent group session ...": the name may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // It has ended, and only waits for its parent to take note.
    if (fields[0] === "Z") return undefined;
    return {
      pid,
      parentPid: Number(fields[1]),
      sessionId: Number(fields[3]),
      commandLine: commandLine.split("\0").join(" ").trim(),
    };
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
}

/**
 * Every living process of a session, its leader included.
 * Going by session rather than by parent also finds orphans: a child keeps its session when its parent dies.
 */
export async function processesOfSession(sessionId: number): Promise<HostProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(pids.map(readProcess));
  const isOfSession = (entry: HostProcess | undefined): entry is HostProcess =>
    entry?.sessionId === sessionId;
  return processes.filter(isOfSession);
}

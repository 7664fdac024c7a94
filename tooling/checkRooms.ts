/** Part of `npm run lint`: src is held to ROOMS, its files and folders to what a person reads in one sitting. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ROOMS } from "./rooms.ts";

const MAX_LINES = 300;
const MAX_FILES = 16;
const IMPORT = /(?:^import|^(?:import|export|\}).* from|\bimport\() ?"([^"]+)"/gm;
/** Node's modules that reach the network, and what does so without an import. */
const NETWORK = /^(?:http|https|http2|net|tls|dgram|dns)(?:\/|$)/;
const NETWORK_CALL = /(?<![\w.#])(fetch|WebSocket|EventSource|XMLHttpRequest)\(/g;

interface SourceFile {
  /** Below src, with slashes: `core/base/log.ts`. */
  readonly path: string;
  readonly text: string;
}

/** @returns what is wrong, a line each. */
export function judgeRooms(
  rooms: Readonly<Record<string, string>>,
  files: readonly SourceFile[],
): string[] {
  const order = Object.keys(rooms);
  const faults: string[] = [];
  const numFiles = new Map<string, number>();
  for (const { path, text } of files) {
    const room = dirname(path);
    numFiles.set(room, (numFiles.get(room) ?? 0) + 1);
    const numLines = text.split("\n").length - 1;
    if (numLines > MAX_LINES) faults.push(`${path} has ${numLines} lines, more than ${MAX_LINES}`);
    if (rooms[room] === undefined) {
      faults.push(`${path} stands in a room that tooling/rooms.ts does not name`);
      continue;
    }
    const [folders = "", packages = ""] = rooms[room].split("|");
    const allowed = [...folders.trim().split(" "), ...packages.trim().split(" ")];
    for (const [, call = ""] of text.matchAll(NETWORK_CALL)) {
      if (!allowed.includes(call))
        faults.push(`${path} calls ${call}: ${room} may not reach the network`);
    }
    for (const [, specifier = ""] of text.matchAll(IMPORT)) {
      const imported = importedRoom(room, specifier);
      if (imported === room) continue;
      if (order.indexOf(imported) > order.indexOf(room)) {
        faults.push(`${path} imports ${specifier}, which stands above it`);
      } else if (!allowed.some((entry) => covers(entry, imported))) {
        faults.push(`${path} imports ${specifier}: ${room} may import ${rooms[room] || "nothing"}`);
      }
    }
  }
  for (const [room, count] of numFiles) {
    if (count > MAX_FILES) faults.push(`${room} has ${count} files, more than ${MAX_FILES}`);
  }
  for (const room of order) if (!numFiles.has(room)) faults.push(`${room} is empty`);
  return faults;
}

function importedRoom(room: string, specifier: string): string {
  if (specifier.startsWith(".")) {
    return dirname(normalize(join(room, specifier)).replaceAll("\\", "/"));
  }
  const bare = specifier.replace(/^node:/, "");
  if (NETWORK.test(bare)) return bare;
  if (specifier.startsWith("node:")) return "node";
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function covers(entry: string, imported: string): boolean {
  return entry.endsWith("/*") ? imported.startsWith(entry.slice(0, -1)) : entry === imported;
}

if (import.meta.main) {
  const paths = globSync("**/*.ts", { cwd: "src" }).map((path) => path.replaceAll("\\", "/"));
  const faults = judgeRooms(
    ROOMS,
    paths.map((path) => ({ path, text: readFileSync(join("src", path), "utf8") })),
  );
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

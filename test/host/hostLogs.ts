/**
 * What VS Code reports while it runs: the page's console, the server's output, the extension host's log and the
 * extensions' own log files. Tests ask for the errors at the end; known noise of this host is left out.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface LogEntry {
  readonly source: "page" | "server" | "extensionHost";
  readonly text: string;
}

/** Met in every run with no extension installed, and harmless. */
const KNOWN_NOISE = [
  // Files that the npm package of the server does not carry.
  /^Failed to load resource: the server responded with a status of 404/,
  /^Manifest fetch from \S+ failed, code 404/,
  /^A bad HTTP response code \(404\) was received when fetching the script/,
  /^ERR \[Service Worker\] registration TypeError/,
  // The browser's own extension host, which has no files of the built-in extensions.
  /^Activating extension 'vscode\.[\w-]+' failed: Not Found/,
  // Left by the extension host of an earlier start, or by one that was killed.
  /EEXIST: file already exists, open '\S+vscode\.lock'/,
  // No account is offered.
  /Timed out waiting for authentication provider 'github' to register/,
];

export class HostLogs {
  readonly #console: { type: string; text: string }[] = [];
  readonly #serverLog: string;
  readonly #logsDir: string;

  constructor(serverLog: string, logsDir: string) {
    this.#serverLog = serverLog;
    this.#logsDir = logsDir;
  }

  addConsole(type: string, text: string): void {
    // VS Code styles its lines for the browser's console: "%c  ERR color: #f33 ...".
    const plain = text.replaceAll(/%c|\bcolor: ?(#\w+|\w*)/g, " ");
    this.#console.push({ type, text: plain.replaceAll(/ {2,}/g, " ").trim() });
  }

  /** Everything the page printed, oldest first, as `type: text`. */
  console(): string[] {
    return this.#console.map(({ type, text }) => `${type}: ${text}`);
  }

  /** The text of all log files whose path contains `pathPart`, e.g. `remoteexthost` or an output channel's name. */
  async read(pathPart: string): Promise<string> {
    const entries = await readdir(this.#logsDir, { recursive: true }).catch(() => []);
    const paths = entries.filter((path) => path.endsWith(".log") && path.includes(pathPart)).sort();
    const texts = await Promise.all(
      paths.map((path) => readFile(join(this.#logsDir, path), "utf8")),
    );
    return texts.join("");
  }

  /** Errors of the page, the server and the extension host, unhandled rejections included; known noise left out. */
  async errors(): Promise<LogEntry[]> {
    const serverText = await readFile(this.#serverLog, "utf8").catch(() => "");
    const hostText = await this.read("remoteexthost");
    const pageErrors = this.#console.filter(({ type }) => type === "error");
    const entries: LogEntry[] = [
      ...pageErrors.map(({ text }) => ({ source: "page" as const, text })),
      ...errorLines(serverText).map((text) => ({ source: "server" as const, text })),
      ...errorLines(hostText).map((text) => ({ source: "extensionHost" as const, text })),
    ];
    return entries.filter(({ text }) => !KNOWN_NOISE.some((noise) => noise.test(text)));
  }
}

function errorLines(text: string): string[] {
  return text
    .split("\n")
    .filter((line) =>
      /\[(error|critical)\]|<stderr>|UnhandledPromiseRejection|\berror:/i.test(line),
    );
}

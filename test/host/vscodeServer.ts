/** VS Code's server as a child process on a loopback port. Knows nothing of the browser that shows it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROBE_EXTENSION_DIR, SERVER_LAUNCHER, SERVER_MAIN, VSCODE_DIR } from "./hostLayout.ts";
import { poll } from "./poll.ts";
import { type HostProcess, processesOfSession } from "./processTable.ts";

/** Languages and themes only: the others look up hosts on the internet or lack their own server. */
const BUILTIN_EXTENSIONS = [
  ...["configuration-editing", "cpp", "css", "go", "html", "java", "javascript", "json"],
  ...["markdown-basics", "python", "rust", "shellscript", "typescript-basics", "xml", "yaml"],
  ...["theme-defaults", "theme-modern-icons", "theme-seti"],
];

/** A quiet window in which only inline completions answer to typing. */
const DEFAULT_SETTINGS = {
  "editor.inlineSuggest.enabled": true,
  "editor.quickSuggestions": { other: false, comments: false, strings: false },
  "editor.suggestOnTriggerCharacters": false,
  "editor.wordBasedSuggestions": "off",
  "editor.parameterHints.enabled": false,
  "editor.autoClosingBrackets": "never",
  "editor.autoClosingQuotes": "never",
  "editor.minimap.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.enableExperiments": false,
  "workbench.settings.enableNaturalLanguageSearch": false,
  "workbench.hover.delay": 100,
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "telemetry.telemetryLevel": "off",
  "security.workspace.trust.startupPrompt": "never",
  "git.enabled": false,
  "files.autoSave": "off",
};

export interface ServerOptions {
  /** Holds everything the server writes. Kept between starts if the caller keeps it. */
  readonly dataDir: string;
  readonly vsix: readonly string[];
  /** Built-in extensions besides `BUILTIN_EXTENSIONS`, by the names of their folders. */
  readonly builtin: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether workspaces have to be trusted, which nobody does here. */
  readonly isRestricted: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** Files and folders under `dataDir`. */
export function dataLayout(dataDir: string) {
  return {
    server: join(dataDir, "server"),
    settings: join(dataDir, "server/data/User/settings.json"),
    logs: join(dataDir, "server/data/logs"),
    serverLog: join(dataDir, "server.log"),
    builtin: join(dataDir, "builtin"),
    home: join(dataDir, "home"),
    temp: join(dataDir, "tmp"),
    profile: join(dataDir, "profile"),
    port: join(dataDir, "port"),
    probeSocket: join(dataDir, "probe.sock"),
  };
}

function serverEnv(options: ServerOptions): NodeJS.ProcessEnv {
  const foreign = /^(VSCODE_|ELECTRON_|VITEST|XDG_|npm_|NODE_OPTIONS$|NODE_ENV$)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const { home, temp, probeSocket } = dataLayout(options.dataDir);
  return {
    ...Object.fromEntries(own),
    // An empty gallery switches the marketplace off: nothing but loopback is contacted.
    EXTENSIONS_GALLERY: "{}",
    HOME: home,
    TMPDIR: temp,
    TREELINE_PROBE_SOCKET: probeSocket,
    ...options.env,
  };
}

/** The port of the last start with this data folder if it is free, as the browser keeps its storage per port. */
async function choosePort(portFile: string): Promise<number> {
  const lastPort = Number(await readFile(portFile, "utf8").catch(() => "0"));
  const tryPort = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : port));
      });
    });
  const port = await tryPort(lastPort).catch(() => tryPort(0));
  await writeFile(portFile, String(port));
  return port;
}

async function prepareData(options: ServerOptions): Promise<void> {
  const layout = dataLayout(options.dataDir);
  await mkdir(join(layout.settings, ".."), { recursive: true });
  await mkdir(layout.home, { recursive: true });
  await mkdir(layout.temp, { recursive: true });
  // An earlier start's errors are not this one's.
  await rm(layout.logs, { recursive: true, force: true });
  await rm(layout.serverLog, { force: true });
  const trust = { "security.workspace.trust.enabled": options.isRestricted };
  const settings = { ...DEFAULT_SETTINGS, ...trust, ...options.settings };
  await writeFile(layout.settings, JSON.stringify(settings, undefined, 2));
  await rm(layout.builtin, { recursive: true, force: true });
  await mkdir(layout.builtin, { recursive: true });
  for (const name of [...BUILTIN_EXTENSIONS, ...options.builtin]) {
    await symlink(join(VSCODE_DIR, "extensions", name), join(layout.builtin, name), "dir");
  }
  await symlink(PROBE_EXTENSION_DIR, join(layout.builtin, "probe"), "dir");
}

async function installExtensions(options: ServerOptions): Promise<void> {
  if (options.vsix.length === 0) return;
  const installs = options.vsix.flatMap((path) => ["--install-extension", path]);
  const folder = ["--server-data-dir", dataLayout(options.dataDir).server];
  const args = [SERVER_MAIN, ...installs, "--force", ...folder, "--accept-server-license-terms"];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    env: serverEnv(options),
  });
  // The server's exit code is 0 even if one of several packages is refused.
  const numInstalled = stdout.match(/successfully installed/g)?.length ?? 0;
  if (numInstalled !== options.vsix.length) {
    throw new Error(
      `VS Code installed ${numInstalled} of ${options.vsix.length}:\n${stdout}${stderr}`,
    );
  }
}

/** A running server. Disposing it ends every process it started. */
export class VscodeServer {
  readonly #child: ChildProcess;
  readonly #onExit = () => this.#signal("SIGKILL");
  readonly port: number;
  readonly pid: number;

  private constructor(child: ChildProcess, pid: number, port: number) {
    this.#child = child;
    this.pid = pid;
    this.port = port;
  }

  /** Installs the packages into `dataDir` and starts the server; resolves when it answers. */
  static async start(options: ServerOptions): Promise<VscodeServer> {
    await prepareData(options);
    await installExtensions(options);
    const layout = dataLayout(options.dataDir);
    const port = await choosePort(layout.port);
    const output = openSync(layout.serverLog, "a");
    const args = [
      ...[SERVER_LAUNCHER, SERVER_MAIN, "--host", "127.0.0.1", "--port", String(port)],
      ...[
        "--without-connection-token",
        "--accept-server-license-terms",
        "--telemetry-level",
        "off",
      ],
      ...["--server-data-dir", layout.server, "--builtin-extensions-dir", layout.builtin],
      ...(options.isRestricted ? [] : ["--disable-workspace-trust"]),
    ];
    const child = spawn(process.execPath, args, {
      env: serverEnv(options),
      stdio: ["pipe", output, output],
      // A session of its own: whatever the server and the extension host start can be found and ended with it.
      detached: true,
    });
    closeSync(output);
    if (child.pid === undefined) throw new Error("VS Code's server could not be started.");
    const server = new VscodeServer(child, child.pid, port);
    process.once("exit", server.#onExit);
    try {
      await server.#waitUntilUp(layout.serverLog);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Living processes of this server: itself, the extension host, and all that they started. */
  processes(): Promise<HostProcess[]> {
    return processesOfSession(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#onExit);
    this.#signal("SIGTERM");
    const isGone = async () => (await this.processes()).length === 0;
    await poll("the server's processes to end", isGone, { timeoutMs: 4000 }).catch(() =>
      this.#signal("SIGKILL"),
    );
    // What put itself into another process group is still in the session.
    for (const { pid } of await this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended in between.
      }
    }
    await poll("the server's killed processes to end", isGone, { timeoutMs: 4000 });
  }

  async #waitUntilUp(serverLog: string): Promise<void> {
    const isUp = async () => {
      if (this.#child.exitCode !== null) return "exited" as const;
      return (await fetch(`http://127.0.0.1:${this.port}/version`)).ok && ("up" as const);
    };
    const state = await poll("VS Code's server to answer", isUp, { timeoutMs: 30_000 });
    if (state === "exited") {
      throw new Error(`VS Code's server ended at once:\n${await readFile(serverLog, "utf8")}`);
    }
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}

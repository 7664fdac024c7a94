/** The part of the fake `vscode` that the benchmark uses: files of a workspace, progress, webviews, the save dialog. */
import { CancellationTokenSource, EventEmitter, track } from "./fakeEvents.ts";

interface FakeUri {
  readonly scheme: string;
  readonly path: string;
}

export interface FakeWebviewPanel {
  readonly title: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** What the extension told the page. */
  readonly posted: unknown[];
  readonly webview: { html: string; readonly cspSource: string };
  numReveals: number;
  /** As the page says something. */
  send(message: unknown): void;
  dispose(): void;
}

/** What tests set and read. */
export interface FakeWorkbench {
  /** Paths below the folders, with what they hold. */
  readonly files: Map<string, Uint8Array>;
  /** Of files that are no plain ones. */
  readonly types: Map<string, number>;
  readonly excludes: string[];
  /** Paths, as they were read. */
  readonly reads: string[];
  readonly panels: FakeWebviewPanel[];
  readonly progress: { message?: string; increment?: number }[];
  /** Cancels the progress that runs. */
  cancel: () => void;
  /** Where the user saves; undefined if the dialog is closed. */
  saveTo: FakeUri | undefined;
  readonly savedDefaults: unknown[];
}

const empty = (): FakeWorkbench => ({
  files: new Map(),
  types: new Map(),
  excludes: [],
  reads: [],
  panels: [],
  progress: [],
  cancel: () => {},
  saveTo: undefined,
  savedDefaults: [],
});

export let workbench: FakeWorkbench = empty();

export function resetWorkbench(): void {
  workbench = empty();
}

/** A text file of the workspace. */
export function setFile(path: string, text: string): void {
  workbench.files.set(path, new TextEncoder().encode(text));
}

export class FileSystemError extends Error {}

/** As VS Code has it: a link to a file has both bits, a pipe or a device none. */
export const FileType = { Unknown: 0, File: 1, Directory: 2, SymbolicLink: 64 } as const;

export class RelativePattern {
  readonly base: { readonly uri: FakeUri };
  readonly pattern: string;
  constructor(base: { readonly uri: FakeUri }, pattern: string) {
    this.base = base;
    this.pattern = pattern;
  }
}

export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 } as const;
export const ViewColumn = { Active: -1, Beside: -2 } as const;

function createWebviewPanel(
  _viewType: string,
  title: string,
  _column: number,
  options: Readonly<Record<string, unknown>>,
) {
  const received = new EventEmitter<unknown>();
  const disposed = new EventEmitter<void>();
  const tracked = track("webview panel", () => disposed.fire());
  const posted: unknown[] = [];
  const panel = {
    title,
    options,
    posted,
    numReveals: 0,
    onDidDispose: disposed.event,
    webview: {
      html: "",
      cspSource: "https://files.example",
      asWebviewUri: ({ path }: FakeUri) => `https://files.example${path}`,
      onDidReceiveMessage: received.event,
      // As JSON, which is what reaches the page.
      postMessage: async (message: unknown) => {
        posted.push(JSON.parse(JSON.stringify(message)));
        return true;
      },
    },
    reveal: () => {
      panel.numReveals++;
    },
    send: (message: unknown) => received.fire(message),
    dispose: () => tracked.dispose(),
  };
  workbench.panels.push(panel);
  return panel;
}

export const workbenchWindow = {
  createWebviewPanel,
  withProgress: async <R>(
    _options: unknown,
    work: (
      progress: { report(value: { message?: string; increment?: number }): void },
      token: CancellationTokenSource["token"],
    ) => Promise<R>,
  ): Promise<R> => {
    const source = new CancellationTokenSource();
    workbench.cancel = () => source.cancel();
    return work({ report: (value) => void workbench.progress.push(value) }, source.token);
  },
  showSaveDialog: async ({ defaultUri }: { defaultUri?: unknown }) => {
    workbench.savedDefaults.push(defaultUri);
    return workbench.saveTo;
  },
};

/** `**` + `/*.{a,b}`, the only pattern that is asked for. */
function hasExtension(path: string, pattern: string): boolean {
  const extensions = /^\*\*\/\*\.\{(.*)\}$/.exec(pattern)?.[1]?.split(",") ?? [];
  return extensions.includes(path.split(".").at(-1) ?? "");
}

export const workbenchWorkspace = {
  workspaceFolders: undefined as readonly { name: string; uri: FakeUri }[] | undefined,
  findFiles: async ({ base, pattern }: RelativePattern, exclude: string) => {
    workbench.excludes.push(exclude);
    const { scheme, path: folder } = base.uri;
    return [...workbench.files.keys()]
      .filter((path) => path.startsWith(`${folder}/`) && hasExtension(path, pattern))
      .map((path) => ({ scheme, path }));
  },
  fs: {
    stat: async ({ path }: FakeUri) => ({
      size: bytesOf(path).length,
      type: workbench.types.get(path) ?? FileType.File,
    }),
    readFile: async ({ path }: FakeUri) => {
      workbench.reads.push(path);
      return bytesOf(path);
    },
    writeFile: async ({ path }: FakeUri, bytes: Uint8Array) => {
      workbench.files.set(path, bytes);
    },
  },
};

function bytesOf(path: string): Uint8Array {
  const bytes = workbench.files.get(path);
  if (bytes === undefined) throw new FileSystemError(`no such file: ${path}`);
  return bytes;
}

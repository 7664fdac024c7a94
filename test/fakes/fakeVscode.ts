/**
 * The part of `vscode` that the ui room uses, as real classes with real behavior. Unit tests import it in place of
 * `vscode` (vitest.config.ts). Every disposable it hands out is counted until it is disposed.
 */
import { EventEmitter, forgetDisposables, track } from "./fakeEvents.ts";
import { fileEvents, happened } from "./fakeFiles.ts";
import { resetWorkbench, workbenchWindow, workbenchWorkspace } from "./fakeWorkbench.ts";

export {
  CancellationTokenSource,
  EventEmitter,
  type FakeDisposable,
  liveDisposables,
} from "./fakeEvents.ts";
export {
  FileSystemError,
  FileType,
  ProgressLocation,
  RelativePattern,
  ViewColumn,
} from "./fakeWorkbench.ts";

export class Position {
  readonly line: number;
  readonly character: number;
  constructor(line: number, character: number) {
    this.line = line;
    this.character = character;
  }
  isEqual({ line, character }: Position): boolean {
    return this.line === line && this.character === character;
  }
  isAfter({ line, character }: Position): boolean {
    return this.line > line || (this.line === line && this.character > character);
  }
}

export class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(start: Position, end: Position) {
    this.start = start;
    this.end = end;
  }
  get isEmpty(): boolean {
    return this.start.line === this.end.line && this.start.character === this.end.character;
  }
}

export class Selection extends Range {
  get active(): Position {
    return this.end;
  }
}

export class Uri {
  readonly scheme: string;
  readonly path: string;
  private constructor(scheme: string, path: string) {
    this.scheme = scheme;
    this.path = path;
  }
  static from({ scheme, path }: { scheme: string; path: string }): Uri {
    return new Uri(scheme, path);
  }
  static joinPath({ scheme, path }: Uri, ...parts: string[]): Uri {
    return new Uri(scheme, [path, ...parts].join("/"));
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}:${this.path}`;
  }
}

export class InlineCompletionItem {
  readonly insertText: string;
  readonly range: Range;
  readonly command: { command: string; arguments: unknown[] };
  constructor(
    insertText: string,
    range: Range,
    command: { command: string; arguments: unknown[] },
  ) {
    this.insertText = insertText;
    this.range = range;
    this.command = command;
  }
}

export class InlineCompletionList {
  readonly items: InlineCompletionItem[];
  constructor(items: InlineCompletionItem[]) {
    this.items = items;
  }
}

export const InlineCompletionTriggerKind = { Invoke: 0, Automatic: 1 } as const;
export const QuickPickItemKind = { Separator: -1, Default: 0 } as const;
export const EndOfLine = { LF: 1, CRLF: 2 } as const;
export const NotebookCellKind = { Markup: 1, Code: 2 } as const;
export const StatusBarAlignment = { Left: 1, Right: 2 } as const;
export const ConfigurationTarget = { Global: 1, Workspace: 2, WorkspaceFolder: 3 } as const;

export class MarkdownString {
  readonly value: string;
  isTrusted: unknown;
  constructor(value: string, _supportThemeIcons?: boolean) {
    this.value = value;
  }
}

export class ThemeColor {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
}

/** What tests set and read; `resetVscode` empties it. */
export interface FakeState {
  /** The user's own. */
  settings: Map<string, unknown>;
  workspaceSettings: Map<string, unknown>;
  /** As with a settings.json that does not parse. */
  unwritable: boolean;
  commands: Map<string, (...args: unknown[]) => unknown>;
  executed: string[];
  errorMessages: string[];
  infoMessages: string[];
  /** What stood below questions. */
  details: string[];
  warningMessages: string[];
  /** The buttons that the user presses on every message that has one of them. */
  pressedButtons: readonly string[];
  /** The entry that the user picks from every list. */
  pickedLabel: string | undefined;
  /** Labels of the lists that were shown, without icons; no separators. */
  quickPicks: string[][];
  /** Of the last list. */
  quickPickDescriptions: string[];
  statusItems: { text: string; tooltip: unknown; backgroundColor: unknown; isShown: boolean }[];
  logLines: string[];
  providers: unknown[];
  /** Labels of the last quick pick. */
}

const emptyState = (): FakeState => ({
  settings: new Map(),
  workspaceSettings: new Map(),
  unwritable: false,
  commands: new Map(),
  executed: [],
  errorMessages: [],
  infoMessages: [],
  details: [],
  warningMessages: [],
  pressedButtons: [],
  pickedLabel: undefined,
  quickPicks: [],
  quickPickDescriptions: [],
  statusItems: [],
  logLines: [],
  providers: [],
});

export let fake: FakeState = emptyState();

const events = {
  changeConfiguration: new EventEmitter<{ affectsConfiguration(section: string): boolean }>(),
  changeSelection: new EventEmitter<unknown>(),
  changeWindowState: new EventEmitter<{ focused: boolean }>(),
};

export function resetVscode(): void {
  fake = emptyState();
  forgetDisposables();
  resetWorkbench();
  window.activeTextEditor = undefined;
  window.state.focused = true;
  workspace.textDocuments = [];
  workspace.notebookDocuments = [];
  workspace.workspaceFolders = undefined;
}

/** Changes a setting as the user would. */
export function setSetting(
  name: string,
  value: unknown,
  target: number = ConfigurationTarget.Global,
): void {
  const isGlobal = target === ConfigurationTarget.Global;
  const settings = isGlobal ? fake.settings : fake.workspaceSettings;
  if (value === undefined) settings.delete(name);
  else settings.set(name, value);
  events.changeConfiguration.fire({
    affectsConfiguration: (section) => name === section || name.startsWith(`${section}.`),
  });
}

/** As the editor does: when it tells of that, the document is no longer among the open ones. */
export function closeDocument(document: unknown): void {
  workspace.textDocuments = workspace.textDocuments.filter((open) => open !== document);
  happened.closed.fire(document);
}

function logChannel() {
  const write = (level: string) => (message: string) =>
    void fake.logLines.push(`${level} ${message}`);
  return {
    ...track("output channel"),
    show: () => {},
    trace: write("trace"),
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

export const window = {
  ...workbenchWindow,
  activeTextEditor: undefined as unknown,
  state: { focused: true },
  createOutputChannel: (_name: string, _options: unknown) => {
    const channel = logChannel();
    return channel;
  },
  createStatusBarItem: () => {
    const item = { text: "", tooltip: undefined, backgroundColor: undefined, isShown: false };
    fake.statusItems.push(item);
    return Object.assign(item, {
      ...track("status bar item"),
      show: () => {
        item.isShown = true;
      },
    });
  },
  showErrorMessage: async (message: string, ...rest: unknown[]) => {
    fake.errorMessages.push(message);
    return fake.pressedButtons.find((button) => rest.includes(button));
  },
  showInformationMessage: async (message: string, ...rest: unknown[]) => {
    fake.infoMessages.push(message);
    const [options] = rest as { detail?: string }[];
    if (options?.detail !== undefined) fake.details.push(options.detail);
    return fake.pressedButtons.find((button) => rest.includes(button));
  },
  showQuickPick: async (
    items: readonly { label: string; description?: string; kind?: number }[],
  ) => {
    const entries = items
      .filter(({ kind }) => kind !== QuickPickItemKind.Separator)
      .map((item) => ({ item, label: item.label.replace(/^\$\([\w-]+\) /, "") }));
    fake.quickPicks.push(entries.map(({ label }) => label));
    fake.quickPickDescriptions = entries.map(({ item }) => item.description ?? "");
    return entries.find(({ label }) => label === fake.pickedLabel)?.item;
  },
  showWarningMessage: async (message: string, ...rest: unknown[]) => {
    fake.warningMessages.push(message);
    return fake.pressedButtons.find((button) => rest.includes(button));
  },
  onDidChangeTextEditorSelection: events.changeSelection.event,
  onDidChangeActiveTextEditor: happened.turnedTo.event,
  onDidChangeWindowState: events.changeWindowState.event,
};

export const workspace = {
  ...workbenchWorkspace,
  ...fileEvents,
  textDocuments: [] as unknown[],
  notebookDocuments: [] as unknown[],
  isTrusted: true,
  onDidChangeConfiguration: events.changeConfiguration.event,
  registerTextDocumentContentProvider: () => track("content provider"),
  getConfiguration: (section: string) => ({
    get: (name: string) => {
      const key = `${section}.${name}`;
      return fake.workspaceSettings.get(key) ?? fake.settings.get(key);
    },
    inspect: (name: string) => ({
      globalValue: fake.settings.get(`${section}.${name}`),
      workspaceValue: fake.workspaceSettings.get(`${section}.${name}`),
    }),
    update: async (name: string, value: unknown, target: number = ConfigurationTarget.Global) => {
      if (fake.unwritable) throw new Error("Unable to write into user settings.");
      setSetting(`${section}.${name}`, value, target);
    },
  }),
  getWorkspaceFolder: (uri: Uri) =>
    uri.path.startsWith("/ws/")
      ? { name: "ws", uri: Uri.from({ scheme: "file", path: "/ws" }) }
      : undefined,
  asRelativePath: (uri: Uri) => uri.path.replace(/^\/ws\//, ""),
};

export const languages = {
  registerInlineCompletionItemProvider: (_selector: unknown, provider: unknown) => {
    fake.providers.push(provider);
    return track("inline completion provider");
  },
};

export const commands = {
  registerCommand: (id: string, run: (...args: unknown[]) => unknown) => {
    fake.commands.set(id, run);
    return track(`command ${id}`);
  },
  executeCommand: async (id: string, ...args: unknown[]) => {
    fake.executed.push(id);
    return fake.commands.get(id)?.(...args);
  },
  getCommands: async () => [...fake.commands.keys()],
};

/** English, as where there is no bundle. */
export const l10n = {
  t: (message: string, ...values: readonly (string | number)[]) =>
    message.replace(/\{(\d+)\}/g, (hole, index) => String(values[Number(index)] ?? hole)),
};

export const extensions = {
  all: [] as { id: string; isActive: boolean; packageJSON?: unknown }[],
};

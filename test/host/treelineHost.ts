/** The packed extension in the host, the workspace it is tried in, and the command line as its oracle. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { REPOSITORY } from "./hostLayout.ts";
import { poll } from "./poll.ts";
import { startVscode, type VscodeHost, type VscodeOptions } from "./vscodeHost.ts";

const run = promisify(execFile);

export const EXTENSION = "treeline.treeline";
export const STATUS_ITEM = `${EXTENSION}.status`;
/** A pause between keys as people have. */
export const HUMAN = { msPerKey: 90 };

/** VS Code's own values, which the harness changes to keep other tests quiet. */
export const EDITOR_DEFAULTS = {
  "editor.autoClosingBrackets": "languageDefined",
  "editor.autoClosingQuotes": "languageDefined",
  "editor.quickSuggestions": { other: "offWhenInlineCompletions", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": true,
  "editor.wordBasedSuggestions": "matchingDocuments",
};

/** As the user has it who kept the demonstration model: it suggests while one types. */
export const AUTOMATIC = { "treeline.suggestion.demonstration": true };

/** TypeScript of the kind the tiny pair was trained on. */
export const POINT_SOURCE = `export interface Point {
  readonly x: number;
  readonly y: number;
}

export function addPoints(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}

export function scalePoint(point: Point, factor: number): Point {
  return { x: point.x * factor, y: point.y * factor };
}

export function distanceBetween(a: Point, b: Point): number {

}
`;
/** The empty line of the last function. */
export const POINT_LINE = 15;

/** Repetitive code, of which even a tiny model has something to say. */
export const SCHEMA_SOURCE = `import { z } from "zod";

export const userSchema = z.object({
  name: z.string(),
  age: z.number(),
});

export const postSchema = z.object({
  title: z.string(),
  body: z.string(),
});

export const commentSchema = z.object({
  author: z.string(),

});
`;
export const SCHEMA_LINE = 15;

export const STACK_SOURCE = `class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):

`;
export const STACK_LINE = 9;

/** A new folder with the sources above, and with other files if given. */
export async function createWorkspace(
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "treeline-ws-"));
  const all = {
    "point.ts": POINT_SOURCE,
    "schemas.ts": SCHEMA_SOURCE,
    "stack.py": STACK_SOURCE,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
  return folder;
}

/** VS Code with the packed extension and, but for `settings`, with VS Code's own values; the engine is starting. */
export async function startTreeline(
  options: Omit<VscodeOptions, "vsix"> & { readonly otherVsix?: readonly string[] },
): Promise<VscodeHost> {
  const { otherVsix = [], settings = {}, ...others } = options;
  const host = await startVscode({
    ...others,
    vsix: [inject("treelineVsix"), ...otherVsix],
    settings: { ...EDITOR_DEFAULTS, ...settings },
  });
  try {
    await host.waitForExtension(EXTENSION);
    await host.waitForStatusBarText(STATUS_ITEM, "Treeline");
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs a command by its id; resolves when it is done, as the palette cannot tell. */
export async function executeCommand(host: VscodeHost, id: string): Promise<void> {
  await host.evaluate(async (vscode, command) => {
    await vscode.commands.executeCommand(command);
  }, id);
}

/** Sets the target's path, or takes it back: a setting of the machine, which the user's file does not reach in a remote. */
export async function chooseTarget(host: VscodeHost, path?: string): Promise<void> {
  await host.evaluate(async (vscode, value) => {
    const settings = vscode.workspace.getConfiguration("treeline");
    await settings.update("model.target", value, vscode.ConfigurationTarget.Global);
  }, path);
}

/** Pictures and prints what a failed test left on the screen. */
export async function showFailure(host: VscodeHost | undefined, testName: string): Promise<void> {
  await host?.screenshot(`failed-${testName.replaceAll(/\W+/g, "-")}.png`);
  console.log(JSON.stringify(await host?.editorOnScreen()), await host?.logs.read("Treeline"));
}

/** The ghost text, once it stays the same; one that `accepts` agrees with if given. */
export async function settledGhostText(
  host: VscodeHost,
  accepts?: (text: string) => boolean,
): Promise<string> {
  let last = "";
  const isSettled = async () => {
    const text = await host.waitForGhostText(20_000, accepts);
    const isSame = text === last;
    last = text;
    return isSame && text;
  };
  return poll("ghost text that stays", isSettled, { everyMs: 600 });
}

export interface EditorState {
  readonly text: string;
  /** From 1, as VS Code shows them. */
  readonly line: number;
  readonly column: number;
}

/** The active editor's text and cursor. */
export async function editorState(host: VscodeHost): Promise<EditorState> {
  const text = await host.editorText();
  const cursor = await host.cursor();
  if (text === null || cursor === null) throw new Error("No editor is active.");
  return { text, ...cursor };
}

/** The state with the characters around the cursor changed: some before it removed, others inserted. */
export function edited(state: EditorState, numRemoved: number, inserted: string): EditorState {
  const lines = state.text.split("\n");
  const line = lines[state.line - 1] ?? "";
  const column = state.column - numRemoved;
  lines[state.line - 1] = line.slice(0, column - 1) + inserted + line.slice(state.column - 1);
  return { text: lines.join("\n"), line: state.line, column: column + inserted.length };
}

/** What the command line completes there, with the bundled pair or with another target. */
export async function commandLineText(
  fileName: string,
  { text, line, column }: EditorState,
  targetPath?: string,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "treeline-cli-"));
  try {
    await writeFile(join(folder, fileName), text);
    const place = ["--line", String(line), "--column", String(column)];
    const models = targetPath === undefined ? [] : ["--target", targetPath];
    const command = [join(REPOSITORY, "dist/cli.mjs"), "complete", fileName];
    const args = [...command, ...place, ...models, "--json"];
    const { stdout } = await run(process.execPath, args, { cwd: folder });
    return (JSON.parse(stdout) as { text: string }).text;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

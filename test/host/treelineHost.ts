/** The packed extension, the workspace it is tried in, and the command line as its oracle. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { VscodeHost } from "./vscodeHost.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

export const EXTENSION = "treeline.treeline";
export const STATUS_ITEM = `${EXTENSION}.status`;

/** VS Code's own values, which the harness changes to keep other tests quiet. */
export const EDITOR_DEFAULTS = {
  "editor.autoClosingBrackets": "languageDefined",
  "editor.autoClosingQuotes": "languageDefined",
  "editor.quickSuggestions": { other: "on", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": true,
  "editor.wordBasedSuggestions": "matchingDocuments",
};

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

/** Builds and packs as \`npm run package\` does. */
export async function packTreeline(): Promise<string> {
  const out = join(await mkdtemp(join(tmpdir(), "treeline-packed-")), "treeline.vsix");
  await run(process.execPath, ["tooling/packageVsix.ts", "--out", out], { cwd: REPOSITORY });
  return out;
}

export async function createWorkspace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "treeline-ws-"));
  await writeFile(join(folder, "point.ts"), POINT_SOURCE);
  await writeFile(join(folder, "schemas.ts"), SCHEMA_SOURCE);
  await writeFile(join(folder, "stack.py"), STACK_SOURCE);
  await writeFile(join(folder, "corrupt.gguf"), "GGUF but no more than that");
  return folder;
}

/** What the command line completes at the active editor's cursor, or as it was before the last characters were typed. */
export async function commandLineText(
  host: VscodeHost,
  fileName: string,
  numTyped = 0,
): Promise<{ readonly typed: string; readonly text: string }> {
  const text = await host.editorText();
  const cursor = await host.cursor();
  if (text === null || cursor === null) throw new Error("No editor is active.");
  const lines = text.split("\n");
  const line = lines[cursor.line - 1] ?? "";
  const column = cursor.column - numTyped;
  const typed = line.slice(column - 1, cursor.column - 1);
  lines[cursor.line - 1] = line.slice(0, column - 1) + line.slice(cursor.column - 1);
  const folder = await mkdtemp(join(tmpdir(), "treeline-cli-"));
  try {
    await writeFile(join(folder, fileName), lines.join("\n"));
    const place = ["--line", String(cursor.line), "--column", String(column)];
    const args = [join(REPOSITORY, "dist/cli.mjs"), "complete", fileName, ...place, "--json"];
    const { stdout } = await run(process.execPath, args, { cwd: folder });
    return { typed, text: (JSON.parse(stdout) as { text: string }).text };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

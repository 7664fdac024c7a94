/** Where people write besides LF files with one cursor: each in a real VS Code with the packed extension. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { poll } from "./poll.ts";
import { suggestWidgetEntries } from "./suggestWidget.ts";
import {
  AUTOMATIC,
  commandLineText,
  createWorkspace,
  edited,
  editorState,
  executeCommand,
  HUMAN,
  POINT_LINE,
  SCHEMA_LINE,
  SCHEMA_SOURCE,
  STATUS_ITEM,
  settledGhostText,
  showFailure,
  startTreeline,
} from "./treelineHost.ts";
import type { VscodeHost } from "./vscodeHost.ts";

/** Two cells of a TypeScript notebook, with a text cell between them that is no code. */
const [FIRST_CELL = "", LAST_CELL = ""] = SCHEMA_SOURCE.split(/\n(?=export const commentSchema)/);
const NOTEBOOK = {
  cells: [
    { cell_type: "code", source: FIRST_CELL },
    { cell_type: "markdown", source: "Comments have an author." },
    { cell_type: "code", source: LAST_CELL.trimEnd() },
  ].map((cell) => ({ execution_count: null, metadata: {}, outputs: [], ...cell })),
  metadata: { language_info: { name: "typescript" } },
  nbformat: 4,
  nbformat_minor: 5,
};

describe("the packed extension, in documents of other kinds", () => {
  let folder: string;
  let host: VscodeHost;

  beforeAll(async () => {
    folder = await createWorkspace({
      "crlf.ts": SCHEMA_SOURCE.replaceAll("\n", "\r\n"),
      "notes.ipynb": JSON.stringify(NOTEBOOK),
    });
    const builtin = ["ipynb", "markdown-language-features"];
    host = await startTreeline({ builtin, settings: AUTOMATIC, workspaceFolder: folder });
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(({ task }) => {
    onTestFailed(() => showFailure(host, task.name));
  });

  /** Puts the cursor into the empty line of a schema file that nothing was typed into. */
  async function startIn(fileName: string, line: number): Promise<void> {
    await host.openFile(join(folder, fileName));
    await executeCommand(host, "workbench.action.files.revert");
    await host.moveCursor(line, 1);
  }

  /** The report on screen as the user sees it, rendered. */
  async function reportText(title: string): Promise<string> {
    const page = host.webview().locator("body");
    const look = async () => {
      const text = await page.innerText({ timeout: 1000 });
      return text.startsWith(title) && text;
    };
    return poll(`the report "${title}"`, look);
  }

  test("reports open rendered, the first one too", async () => {
    // Nothing has started the preview's extension yet.
    await host.runCommand("Treeline: Show Statistics");
    expect(await reportText("Treeline Statistics")).toContain("What the figures mean");
    await host.screenshot("treeline-statistics-preview.png");
    await executeCommand(host, "workbench.action.closeActiveEditor");
  });

  test("the last prompt opens as plain text: what the model saw, and the share of each part", async () => {
    await startIn("schemas.ts", SCHEMA_LINE);
    await host.typeText("  url", HUMAN);
    await settledGhostText(host);
    await host.runCommand("Treeline: Show Last Prompt");
    await expect
      .poll(() => host.editorText())
      .toMatch(/^The last prompt in schemas\.ts: \d+ tokens\./);
    const text = (await host.editorText()) ?? "";
    expect(text).toMatch(/\d+ +\d+ % {2}text before the cursor\n/);
    const prompt = text.slice(text.indexOf("-".repeat(80)));
    const [before = "", after = ""] = SCHEMA_SOURCE.split(/(?<=\n)\n(?=\}\);\n)/);
    // What is typed since the line's start stands behind the text that follows it.
    expect(prompt).toContain(`<|fim_suffix|>\n${after}<|fim_prefix|>${before}<|fim_middle|>  url`);
    const languageId = await host.evaluate(
      (vscode) => vscode.window.activeTextEditor?.document.languageId,
    );
    expect(languageId).toBe("plaintext");
    await host.screenshot("treeline-last-prompt.png");
    await executeCommand(host, "workbench.action.closeActiveEditor");
  });

  test("a cell of a notebook is completed with the cells before it", async () => {
    await host.openFile(join(folder, "notes.ipynb"));
    await host.page.locator(".notebookOverlay .view-lines", { hasText: "commentSchema" }).click();
    await host.moveCursor(3, 1);
    await host.typeText("  url", HUMAN);

    const offered = await settledGhostText(host);
    await host.screenshot("treeline-notebook.png");
    const cell = await editorState(host);
    const numLinesBefore = FIRST_CELL.trimEnd().split("\n").length;
    const whole = {
      text: `${FIRST_CELL.trimEnd()}\n${cell.text}`,
      line: cell.line + numLinesBefore,
      column: cell.column,
    };
    expect(offered).toBe(await commandLineText("notes.ts", whole));
    expect(offered).not.toBe(await commandLineText("notes.ts", cell));

    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  url${offered}`);
  });

  test("extends the selected entry of the suggest widget, and follows the selection", async () => {
    await startIn("schemas.ts", SCHEMA_LINE);
    await host.typeText("  n", HUMAN);
    const typed = await editorState(host);
    await host.press("Control+Space");
    await expect
      .poll(() => suggestWidgetEntries(host.page))
      .toMatchObject([{ label: "name", isFocused: true }, { label: "number" }, {}, {}]);

    const afterName = await commandLineText("schemas.ts", edited(typed, 0, "ame"));
    expect(await settledGhostText(host, (text) => text.startsWith("ame"))).toBe(`ame${afterName}`);
    await host.screenshot("treeline-suggest-widget.png");

    await host.press("ArrowDown");
    const afterNumber = await commandLineText("schemas.ts", edited(typed, 0, "umber"));
    const ofNumber = await settledGhostText(host, (text) => text.startsWith("umber"));
    expect(ofNumber).toBe(`umber${afterNumber}`);

    await host.press("ArrowUp");
    await settledGhostText(host, (text) => text.startsWith("ame"));
    // The first Tab takes the entry, the second what follows it.
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain("  name\n");
    expect(await settledGhostText(host, (text) => !text.startsWith("ame"))).toBe(afterName);
    await host.press("Tab");
    await expect.poll(() => host.editorText()).toContain(`  name${afterName}\n`);
  });

  test("extends the member that a language's extension lists after a dot", async () => {
    // Registered inside of the extension host, as there is no TypeScript server here.
    await host.evaluate((vscode) => {
      const provideCompletionItems = () =>
        ["x", "y"].map((name) => new vscode.CompletionItem(name, vscode.CompletionItemKind.Field));
      const selector = { pattern: "**/point.ts" };
      vscode.languages.registerCompletionItemProvider(selector, { provideCompletionItems }, ".");
    });
    await startIn("point.ts", POINT_LINE);
    await host.typeText("  const dx = a.", HUMAN);
    await expect
      .poll(() => suggestWidgetEntries(host.page))
      .toMatchObject([{ label: "x", isFocused: true }, { label: "y" }]);

    const state = await editorState(host);
    const afterMember = await commandLineText("point.ts", edited(state, 0, "x"));
    expect(await settledGhostText(host, (text) => text.startsWith("x"))).toBe(`x${afterMember}`);
    await host.press("Escape");
  });

  test("a CRLF file gets CRLF line ends, and what is taken word by word is counted", async () => {
    await startIn("crlf.ts", SCHEMA_LINE);
    await host.typeText("  url", HUMAN);
    const offered = await settledGhostText(host);
    expect(offered).toContain("\n");
    const unix = {
      ...(await editorState(host)),
      text: SCHEMA_SOURCE.replace("\n\n});\n", "\n  url\n});\n"),
    };
    expect(offered).toBe(await commandLineText("crlf.ts", unix));

    // Word by word into the second line; one character alone counts as typed.
    const lineBelow = async () => (await host.editorText())?.split("\r\n")[SCHEMA_LINE] ?? "";
    let numCounted = 0;
    while (!(await lineBelow()).startsWith("  ")) {
      const before = (await host.editorText())?.length ?? 0;
      await host.press("Control+ArrowRight");
      const growth = async () => ((await host.editorText())?.length ?? 0) - before;
      await expect.poll(growth).toBeGreaterThan(0);
      if ((await growth()) > 1) numCounted++;
    }
    expect(numCounted).toBeGreaterThan(1);
    expect(await host.statusBarTooltip(STATUS_ITEM)).toContain(`word by word ${numCounted} times`);

    await host.press("Tab");
    const expected = SCHEMA_SOURCE.replace("\n\n});\n", `\n  url${offered}\n});\n`);
    const withCrlf = expected.replaceAll("\n", "\r\n");
    await expect.poll(() => host.editorText()).toBe(withCrlf);
    await host.press("Control+S");
    await expect.poll(() => readFile(join(folder, "crlf.ts"), "utf8")).toBe(withCrlf);
  });

  test("offers nothing while there are several cursors", async () => {
    await startIn("schemas.ts", SCHEMA_LINE);
    await host.typeText("  url", HUMAN);
    await host.waitForGhostText();
    const numCursors = () =>
      host.evaluate((vscode) => vscode.window.activeTextEditor?.selections.length);

    await host.press("Shift+Alt+ArrowUp");
    await expect.poll(numCursors).toBe(2);
    await host.typeText("s", HUMAN);
    await host.expectNoGhostTextFor(1500);
    await host.press("Backspace");
    await host.expectNoGhostTextFor(1500);

    await host.press("Escape");
    await expect.poll(numCursors).toBe(1);
    await host.typeText("s", HUMAN);
    expect(await host.waitForGhostText()).not.toBe("");
    await host.runCommand("Treeline: Why No Suggestion?");
    expect(await reportText("Why No Suggestion?")).toMatch(
      /schemas\.ts:15 \(typescript\)\s+several cursors/,
    );
    await executeCommand(host, "workbench.action.closeActiveEditor");
  });

  test("an untitled document gets suggestions once it has a language that does", async () => {
    await executeCommand(host, "workbench.action.files.newUntitledFile");
    await host.typeText("const value =", HUMAN);
    await host.expectNoGhostTextFor(1000);

    await host.evaluate(async (vscode) => {
      const document = vscode.window.activeTextEditor?.document;
      if (document?.isUntitled)
        await vscode.languages.setTextDocumentLanguage(document, "typescript");
    });
    await host.typeText(" ", HUMAN);
    const offered = await settledGhostText(host);
    expect(offered).toBe(await commandLineText("untitled.ts", await editorState(host)));
    await host.screenshot("treeline-untitled.png");
  });

  test("leaves no error in the logs", async () => {
    expect(await host.logs.errors()).toEqual([]);
    expect(await host.logs.read("Treeline")).not.toContain("[error]");
  });
});

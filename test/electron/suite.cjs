/** Runs inside desktop VS Code's extension host, with the packed Treeline installed. Plain CommonJS: VS Code requires it. */
const assert = require("node:assert/strict");
const { mkdtemp, readdir, readFile, writeFile } = require("node:fs/promises");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const vscode = require("vscode");

const EXTENSION = "treeline.treeline";
const SOURCE = `export interface Point {
  readonly x: number;
  readonly y: number;
}

export function addPoints(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}

export function distanceBetween(a: Point, b: Point): number {
`;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function poll(what, look, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (await look()) return;
    await sleep(100);
  }
  throw new Error(`Gave up waiting for ${what}.`);
}

/** Types a line into a new document and takes what is offered. */
async function acceptAfter(line) {
  const document = await vscode.workspace.openTextDocument({
    language: "typescript",
    content: SOURCE,
  });
  const editor = await vscode.window.showTextDocument(document);
  const last = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(last, last);
  for (const char of line) {
    await vscode.commands.executeCommand("type", { text: char });
    await sleep(60);
  }
  const typed = document.getText();
  await poll(`a suggestion after "${line}"`, async () => {
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    await sleep(500);
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    return document.getText() !== typed;
  });
  assert.ok(document.getText().startsWith(typed.trimEnd()));
}

/** Engines of this extension host; Linux only. */
async function enginePids() {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = [];
  for (const pid of pids) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (command.includes("engine.mjs") && parent === process.pid) found.push(Number(pid));
  }
  return found;
}

const scenarios = {
  async "offers a suggestion, which can be accepted"() {
    await acceptAfter("  const dx = ");
  },
  async "an engine that is killed comes back with the next suggestion"() {
    if (process.platform !== "linux") return;
    const [pid] = await enginePids();
    process.kill(pid, "SIGKILL");
    await acceptAfter("  const b = ");
    assert.ok(!(await enginePids()).includes(pid));
  },
  async "a corrupt model leaves the editor usable, and another choice mends it"() {
    const folder = await mkdtemp(join(tmpdir(), "treeline-electron-"));
    const path = join(folder, "corrupt.gguf");
    await writeFile(path, "GGUF but no more than that");
    const settings = vscode.workspace.getConfiguration("treeline");
    await settings.update("model.target", path, vscode.ConfigurationTarget.Global);
    await sleep(1000);
    const document = await vscode.workspace.openTextDocument({ content: "" });
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("type", { text: "x" });
    assert.equal(document.getText(), "x");
    await settings.update("model.target", undefined, vscode.ConfigurationTarget.Global);
    await acceptAfter("  const dy = ");
  },
};

exports.run = async () => {
  const extension = vscode.extensions.getExtension(EXTENSION);
  assert.ok(extension, "Treeline is not installed");
  await extension.activate();
  for (const [name, scenario] of Object.entries(scenarios)) {
    await scenario();
    console.log(`ok: ${name}`);
  }
};

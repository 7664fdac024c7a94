// Offers fixed completions and one of everything the harness reads: status bar item, notification, quick pick,
// webview, child process, unhandled rejection.
const { fork } = require("node:child_process");
const path = require("node:path");
const vscode = require("vscode");

/** What is offered after a line that ends with the key. */
const COMPLETIONS = {
  "one(": ["alpha, beta)", "gamma)"],
  "many(": ["\n  alpha,\n\n  beta,\n)"],
  "mid(": ["first, "],
};

const provider = {
  provideInlineCompletionItems(document, position) {
    const before = document.lineAt(position.line).text.slice(0, position.character);
    const key = Object.keys(COMPLETIONS).find((ending) => before.endsWith(ending));
    if (key === undefined) return undefined;
    const range = new vscode.Range(position, position);
    return { items: COMPLETIONS[key].map((text) => new vscode.InlineCompletionItem(text, range)) };
  },
};

function showChart() {
  const panel = vscode.window.createWebviewPanel(
    "fixture.chart",
    "Fixture Chart",
    vscode.ViewColumn.Beside,
    {
      enableScripts: true,
    },
  );
  const bars = [3, 7, 4].map(
    (value, i) =>
      `<rect x="${i * 50}" y="${100 - value * 10}" width="36" height="${value * 10}" fill="teal"/>`,
  );
  panel.webview.html = `<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy"
    content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-fixture'"></head>
    <body><h2 id="title">waiting</h2><svg width="200" height="110">${bars.join("")}</svg>
    <script nonce="fixture">document.getElementById("title").textContent =
      document.querySelectorAll("rect").length + " bars";</script></body></html>`;
}

exports.activate = (context) => {
  const log = vscode.window.createOutputChannel("Fixture", { log: true });
  log.info("activated");
  const item = vscode.window.createStatusBarItem(
    "fixture.status",
    vscode.StatusBarAlignment.Right,
    1000,
  );
  item.name = "Fixture";
  item.text = `$(sparkle) Fixture: ${vscode.workspace.getConfiguration("fixture").get("greeting")}`;
  item.tooltip = new vscode.MarkdownString("**Fixture** tooltip\n\nsecond line");
  item.show();
  const command = (name, run) => vscode.commands.registerCommand(`fixture.${name}`, run);
  context.subscriptions.push(
    log,
    item,
    vscode.languages.registerInlineCompletionItemProvider({ pattern: "**" }, provider),
    command("notify", async () => {
      const answer = await vscode.window.showWarningMessage("Fixture says hello", "Yes", "No");
      item.text = `Fixture: ${answer}`;
    }),
    command("pick", async () => {
      const picked = await vscode.window.showQuickPick(["apple", "banana", "cherry"], {
        title: "Fruit",
      });
      const count = await vscode.window.showInputBox({ prompt: "How many?", value: "1" });
      item.text = `Fixture: ${count} ${picked}`;
    }),
    command("chart", showChart),
    command("engine", () => {
      const engine = fork(path.join(__dirname, "engine.mjs"), [], { stdio: "ignore" });
      context.subscriptions.push({ dispose: () => engine.kill() });
    }),
    command("reject", () => {
      void Promise.reject(new Error("fixture rejection"));
    }),
  );
};

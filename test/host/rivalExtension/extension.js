// Offers the same text after every "= ", unless it is switched off for the language as Copilot is.
const vscode = require("vscode");

const provider = {
  provideInlineCompletionItems(document, position) {
    const enable = vscode.workspace.getConfiguration("github.copilot").get("enable");
    if ((enable[document.languageId] ?? enable["*"]) === false) return undefined;
    const before = document.lineAt(position.line).text.slice(0, position.character);
    if (!before.endsWith("= ")) return undefined;
    return [new vscode.InlineCompletionItem("rival();", new vscode.Range(position, position))];
  },
};

exports.activate = (context) => {
  context.subscriptions.push(
    vscode.languages.registerInlineCompletionItemProvider({ pattern: "**" }, provider),
  );
};

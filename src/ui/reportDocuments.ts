/** Reports as virtual documents: Markdown as a preview, other text as it is. */
import * as vscode from "vscode";
import { REPORT_SCHEME } from "./suggest/servedDocuments.ts";

export class ReportDocuments implements vscode.TextDocumentContentProvider, Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(REPORT_SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.path) ?? "";
  }

  /** As it is, not as Markdown: it may hold anybody's text. */
  async showText(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: REPORT_SCHEME, path: `/${name}.txt` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async show(name: string, markdown: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: REPORT_SCHEME, path: `/${name}.md` });
    this.#texts.set(uri.path, markdown);
    this.#changed.fire(uri);
    try {
      // Starts the preview's extension; before that, the list of commands does not have it.
      await vscode.commands.executeCommand("markdown.showPreview", uri);
    } catch {
      // The extension is built in, but it can be switched off.
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document, { preview: true });
    }
  }

  [Symbol.dispose](): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}

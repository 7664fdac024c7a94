/** Notices when the cursor comes to rest in a place where nothing was typed yet: after a jump, in another editor. */
import * as vscode from "vscode";
import { CURSOR_REST_MS } from "../../session/broker/editorTimings.ts";

/** Cursor moves this soon after an edit are typing, in ms. */
const TYPING_MS = 300;

export class CursorRest implements Disposable {
  readonly #isWanted: () => boolean;
  readonly #onRest: (editor: vscode.TextEditor) => void;
  readonly #subscriptions: readonly vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;
  #lastEditAt = Number.NEGATIVE_INFINITY;

  /** @param isWanted - whether anything is to happen when the cursor rests. */
  constructor(isWanted: () => boolean, onRest: (editor: vscode.TextEditor) => void) {
    this.#isWanted = isWanted;
    this.#onRest = onRest;
    this.#subscriptions = [
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // Nobody types where a log grows, another file is loaded anew, or this one is saved.
        const isActive = document === vscode.window.activeTextEditor?.document;
        if (!isActive || contentChanges.length === 0) return;
        this.#lastEditAt = performance.now();
        clearTimeout(this.#timer);
      }),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.#moved(textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor !== undefined) this.#moved(editor);
      }),
    ];
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #moved(editor: vscode.TextEditor): void {
    clearTimeout(this.#timer);
    if (performance.now() - this.#lastEditAt < TYPING_MS || !this.#isWanted()) return;
    this.#timer = setTimeout(() => {
      const isActive = vscode.window.activeTextEditor?.document === editor.document;
      if (isActive && editor.selection.isEmpty) this.#onRest(editor);
    }, CURSOR_REST_MS);
  }
}

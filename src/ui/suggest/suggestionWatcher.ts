/** Feeds the acceptance tracker with what happens in the editor, and wakes it when something is due. */
import * as vscode from "vscode";
import type { Counters } from "../figures/counters.ts";
import { AcceptanceTracker } from "./acceptanceTracker.ts";
import type { Offer, TextReader } from "./keptText.ts";

const readText: TextReader = (documentId, start, end) => {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === documentId);
  return document && textOf(document, start, end);
};

function textOf(document: vscode.TextDocument, start: number, end: number): string {
  return document.getText(new vscode.Range(document.positionAt(start), document.positionAt(end)));
}

export class SuggestionWatcher implements Disposable {
  readonly #tracker: AcceptanceTracker;
  readonly #subscriptions: readonly vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;

  constructor(record: (languageId: string, counters: Counters) => void) {
    this.#tracker = new AcceptanceTracker(record);
    this.#subscriptions = [
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0) return;
        const edits = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
          offset: rangeOffset,
          numRemoved: rangeLength,
          text,
        }));
        this.#tracker.edited(document.uri.toString(), edits, performance.now());
        this.#schedule();
      }),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor: { document, selection } }) => {
        const offset = document.offsetAt(selection.active);
        this.#tracker.cursorMoved(document.uri.toString(), offset, performance.now());
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        // The editor no longer counts it among its documents.
        const read: TextReader = (_, start, end) => textOf(document, start, end);
        this.#tracker.closed(document.uri.toString(), read);
      }),
    ];
  }

  offered(offer: Offer): void {
    this.#tracker.offered(offer, performance.now());
    this.#schedule();
  }

  accepted(id: number, rank: number): void {
    this.#tracker.accepted(id, performance.now(), rank);
    this.#schedule();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const next = this.#tracker.tick(now, readText);
    this.#timer =
      next === undefined ? undefined : setTimeout(() => this.#schedule(), Math.max(1, next - now));
  }
}

/** A cursor in a document → the query for it. */
import * as vscode from "vscode";
import type { CompletionQuery, QueryTrigger } from "../../session/broker/completionQuery.ts";
import { earlierCellTexts, placeOf } from "../base/placeOfDocument.ts";
import { cursorWindow, type SelectedEntry, type TextSource } from "./documentContext.ts";
import type { DocumentFacts } from "./servedDocuments.ts";

export function queryOf(
  document: vscode.TextDocument,
  position: vscode.Position,
  trigger: QueryTrigger,
  selected?: SelectedEntry,
): CompletionQuery {
  return {
    ...cursorWindow(sourceOf(document), position, selected, earlierCellTexts(document)),
    ...placeOf(document),
    documentId: document.uri.toString(),
    languageId: document.languageId,
    trigger,
  };
}

/** What decides whether a document is served. */
export function factsOf({ uri, languageId }: vscode.TextDocument): DocumentFacts {
  const editor = vscode.window.activeTextEditor;
  const isActive = editor?.document.uri.toString() === uri.toString();
  return { scheme: uri.scheme, languageId, numCursors: isActive ? editor.selections.length : 1 };
}

function sourceOf(document: vscode.TextDocument): TextSource {
  const toPosition = ({ line, character }: { line: number; character: number }) =>
    new vscode.Position(line, character);
  return {
    offsetAt: (position) => document.offsetAt(toPosition(position)),
    positionAt: (offset) => document.positionAt(offset),
    textBetween: ({ start, end }) =>
      document.getText(new vscode.Range(toPosition(start), toPosition(end))),
  };
}

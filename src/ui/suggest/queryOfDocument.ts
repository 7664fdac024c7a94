/** A cursor in a document → the query for it. */
import type * as vscode from "vscode";
import type { CompletionQuery, QueryTrigger } from "../../session/broker/completionQuery.ts";
import { earlierCellTexts, placeOf } from "../base/placeOfDocument.ts";
import { cursorWindow } from "./documentContext.ts";

export function queryOf(
  document: vscode.TextDocument,
  position: vscode.Position,
  trigger: QueryTrigger,
  selected?: vscode.SelectedCompletionInfo,
): CompletionQuery {
  return {
    ...cursorWindow(document, position, selected, earlierCellTexts(document)),
    ...placeOf(document),
    documentId: document.uri.toString(),
    languageId: document.languageId,
    trigger,
  };
}

/** Where a document stands: its workspace folder, or its notebook. */
import * as vscode from "vscode";

const NOTEBOOK_CELL_SCHEME = "vscode-notebook-cell";

export interface DocumentPlace {
  /** Relative to its workspace folder. */
  readonly filePath?: string;
  /** Name of that folder. */
  readonly repoName?: string;
  readonly documentPath: string;
}

/** Of a document outside of every workspace folder only what tells it, and whether its name is a secret's. */
export function placeOf(document: vscode.TextDocument): DocumentPlace {
  const uri = notebookOf(document)?.uri ?? document.uri;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const documentPath = documentPathOf(uri);
  if (folder === undefined) return { documentPath };
  const filePath = vscode.workspace.asRelativePath(uri, false);
  return { filePath, repoName: folder.name, documentPath };
}

/** What the workspace's index calls a file or folder: its path on this machine, else its URI. */
export function documentPathOf(uri: vscode.Uri): string {
  return uri.scheme === "file" ? uri.fsPath : uri.toString();
}

/** Texts of the notebook's earlier code cells in the same language, in order; none for other documents. */
export function earlierCellTexts(document: vscode.TextDocument): string[] {
  const cells = notebookOf(document)?.getCells() ?? [];
  const index = cells.findIndex((cell) => cell.document === document);
  return cells
    .slice(0, Math.max(0, index))
    .filter(({ kind }) => kind === vscode.NotebookCellKind.Code)
    .filter((cell) => cell.document.languageId === document.languageId)
    .map((cell) => cell.document.getText());
}

function notebookOf(document: vscode.TextDocument): vscode.NotebookDocument | undefined {
  if (document.uri.scheme !== NOTEBOOK_CELL_SCHEME) return undefined;
  // A cell's URI is its notebook's with another scheme and a fragment.
  return vscode.workspace.notebookDocuments.find(
    (notebook) =>
      notebook.uri.path === document.uri.path &&
      notebook.getCells().some((cell) => cell.document === document),
  );
}

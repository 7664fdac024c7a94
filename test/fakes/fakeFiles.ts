/** The part of the fake `vscode` that tells of files and documents; tests fire its events. */
import { EventEmitter, type FakeDisposable, track } from "./fakeEvents.ts";
import type { Uri } from "./fakeVscode.ts";

/** What a test says has happened. */
export const happened = {
  changed: new EventEmitter<Uri>(),
  created: new EventEmitter<Uri>(),
  deleted: new EventEmitter<Uri>(),
  renamed: new EventEmitter<{ files: { oldUri: Uri; newUri: Uri }[] }>(),
  opened: new EventEmitter<unknown>(),
  edited: new EventEmitter<{ document: unknown; contentChanges?: readonly unknown[] }>(),
  saved: new EventEmitter<unknown>(),
  closed: new EventEmitter<unknown>(),
  turnedTo: new EventEmitter<{ document: unknown } | undefined>(),
  foldersChanged: new EventEmitter<void>(),
};

function createFileSystemWatcher(_pattern: string): FakeDisposable & Record<string, unknown> {
  return {
    ...track("file system watcher"),
    onDidChange: happened.changed.event,
    onDidCreate: happened.created.event,
    onDidDelete: happened.deleted.event,
  };
}

export const fileEvents = {
  createFileSystemWatcher,
  onDidRenameFiles: happened.renamed.event,
  onDidOpenTextDocument: happened.opened.event,
  onDidChangeTextDocument: happened.edited.event,
  onDidSaveTextDocument: happened.saved.event,
  onDidCloseTextDocument: happened.closed.event,
  onDidChangeWorkspaceFolders: happened.foldersChanged.event,
};

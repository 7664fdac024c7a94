/**
 * Tells the engine what the editor knows of the workspace: its folders, what changes in them, and the text of documents
 * that the disk does not have. Reads no file; the engine decides what is indexed.
 */
import * as vscode from "vscode";
import type { WorkspaceRoot } from "../../engine/protocol/workspaceMessages.ts";
import type { WorkspaceFeed } from "../../session/client/workspaceFeed.ts";
import {
  isForeignFolder,
  isIgnoreFile,
  isSecretPath,
  isSourcePath,
  MAX_SOURCE_BYTES,
} from "../../workspace/sourceRules.ts";
import { documentPathOf } from "../base/placeOfDocument.ts";
import { excludesOf } from "./workspaceSources.ts";

/** Events of a checkout or a build come in one message, in ms. */
const BATCH_MS = 200;
/** A document is indexed when nobody has typed for this long, in ms. */
const TYPING_PAUSE_MS = 1_000;

export class WorkspaceWatcher implements Disposable {
  readonly #feed: WorkspaceFeed;
  /** Where the engine may keep what it learns of this workspace. */
  readonly #storagePath: string | undefined;
  #isEnabled = false;
  #subscriptions: vscode.Disposable[] = [];
  /** What the engine was told of, to tell changes that matter. */
  #opened = "";
  readonly #changedPaths = new Set<string>();
  #batch: NodeJS.Timeout | undefined;
  readonly #editedDocuments = new Set<vscode.TextDocument>();
  #typingPause: NodeJS.Timeout | undefined;

  constructor(feed: WorkspaceFeed, storagePath: string | undefined) {
    this.#feed = feed;
    this.#storagePath = storagePath;
  }

  /** Opens the workspace or closes it, where the setting has changed. */
  apply(isEnabled: boolean): void {
    if (isEnabled === this.#isEnabled) return;
    this.#isEnabled = isEnabled;
    if (isEnabled) this.start();
    else {
      this.#stop();
      this.#feed.close();
    }
  }

  /** Tells the engine of the workspace as it is now, and from now on of its changes. */
  start(): void {
    this.#stop();
    const { workspace, window } = vscode;
    const watcher = workspace.createFileSystemWatcher("**/*");
    this.#subscriptions = [
      watcher,
      watcher.onDidChange((uri) => this.#changed(uri, false)),
      watcher.onDidCreate((uri) => this.#changed(uri, true)),
      watcher.onDidDelete((uri) => this.#changed(uri, true)),
      workspace.onDidRenameFiles(({ files }) => this.#renamed(files)),
      workspace.onDidOpenTextDocument((document) => this.#edited(document)),
      workspace.onDidChangeTextDocument(({ document }) => this.#edited(document)),
      workspace.onDidSaveTextDocument((document) => {
        this.#settle(document);
        // Not every folder is watched.
        this.#changed(document.uri, false);
      }),
      workspace.onDidCloseTextDocument((document) => this.#settle(document, true)),
      window.onDidChangeActiveTextEditor((editor) => this.#turnedTo(editor?.document)),
      workspace.onDidChangeWorkspaceFolders(() => this.#open()),
      workspace.onDidChangeConfiguration((event) => {
        const isExclude = ["files.exclude", "search.exclude"].some((name) =>
          event.affectsConfiguration(name),
        );
        if (isExclude) this.#open();
      }),
    ];
    this.#open();
    for (const document of workspace.textDocuments) this.#edited(document);
  }

  /**
   * Deletes what was learned from the workspace's code; it is not indexed again before `start` or another window.
   * @throws what keeps the disk or the engine from it.
   */
  async forget(): Promise<void> {
    this.#stop();
    await this.#feed.forget(this.#storagePath, new AbortController().signal);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#batch);
    clearTimeout(this.#typingPause);
    this.#batch = undefined;
    this.#changedPaths.clear();
    this.#editedDocuments.clear();
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = [];
    this.#opened = "";
  }

  #open(): void {
    const roots = (vscode.workspace.workspaceFolders ?? []).map(rootOf);
    const opened = JSON.stringify(roots);
    if (opened === this.#opened) return;
    this.#opened = opened;
    const storage = this.#storagePath === undefined ? {} : { storagePath: this.#storagePath };
    if (roots.length === 0) this.#feed.close();
    else this.#feed.open({ roots, ...storage });
  }

  /** @param mayBeFolder - whether all that lies below may have come or gone with it, without a word of its own. */
  #changed(uri: vscode.Uri, mayBeFolder: boolean): void {
    const path = pathInFolder(uri);
    if (path === undefined || uri.scheme !== "file") return;
    const isMeant =
      isSourcePath(path) || isIgnoreFile(path) || (mayBeFolder && mayHoldSources(path));
    if (!isMeant) return;
    this.#changedPaths.add(documentPathOf(uri));
    this.#batch ??= setTimeout(() => this.#sendChanges(), BATCH_MS);
  }

  #sendChanges(): void {
    this.#batch = undefined;
    const paths = [...this.#changedPaths];
    this.#changedPaths.clear();
    this.#feed.changed({ paths, renamed: [], opened: [] });
  }

  #renamed(files: readonly { readonly oldUri: vscode.Uri; readonly newUri: vscode.Uri }[]): void {
    const renamed = files.map(({ oldUri, newUri }) => ({
      from: documentPathOf(oldUri),
      to: documentPathOf(newUri),
    }));
    this.#feed.changed({ paths: [], renamed, opened: [] });
  }

  #turnedTo(document: vscode.TextDocument | undefined): void {
    if (document === undefined || !isIndexed(document)) return;
    this.#feed.changed({ paths: [], renamed: [], opened: [documentPathOf(document.uri)] });
  }

  #edited(document: vscode.TextDocument): void {
    if (!isIndexed(document)) return;
    this.#editedDocuments.add(document);
    clearTimeout(this.#typingPause);
    this.#typingPause = setTimeout(() => {
      for (const edited of this.#editedDocuments) this.#settle(edited);
    }, TYPING_PAUSE_MS);
  }

  /** Sends the text of a document, or takes it back where the disk has it or nobody looks at it any more. */
  #settle(document: vscode.TextDocument, isClosed = document.isClosed): void {
    this.#editedDocuments.delete(document);
    // What is closed may have been sent while its folder was one of these.
    if (!isClosed && !isIndexed(document)) return;
    const isOnDisk = document.uri.scheme === "file" && !document.isDirty;
    const text = isClosed || isOnDisk ? undefined : document.getText();
    const isSource = text !== undefined && text.length <= MAX_SOURCE_BYTES;
    this.#feed.setBuffer(documentPathOf(document.uri), isSource ? text : undefined);
  }
}

function rootOf(folder: vscode.WorkspaceFolder): WorkspaceRoot {
  const { uri, name } = folder;
  const isOnDisk = uri.scheme === "file";
  return { path: documentPathOf(uri), name, isOnDisk, excludes: excludesOf(folder) };
}

/** Whether a document is a source file of one of the folders. */
function isIndexed({ uri }: vscode.TextDocument): boolean {
  const path = pathInFolder(uri);
  return path !== undefined && isSourcePath(path);
}

/** With forward slashes; undefined outside of the folders, and for what only stands for a file of theirs. */
function pathInFolder(uri: vscode.Uri): string | undefined {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder?.uri.scheme !== uri.scheme) return undefined;
  return vscode.workspace.asRelativePath(uri, false).replaceAll("\\", "/");
}

function mayHoldSources(path: string): boolean {
  return !path.split("/").some(isForeignFolder) && !isSecretPath(`${path}/`);
}

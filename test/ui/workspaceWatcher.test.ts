import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type {
  WorkspaceChanges,
  WorkspaceParams,
} from "../../src/engine/protocol/workspaceMessages.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { WorkspaceWatcher } from "../../src/ui/folders/workspaceWatcher.ts";
import { happened } from "../fakes/fakeFiles.ts";
import { liveDisposables, resetVscode, setSetting, Uri, workspace } from "../fakes/fakeVscode.ts";

const FOLDER = { name: "ws", uri: Uri.from({ scheme: "file", path: "/ws" }) };
const fileUri = (path: string) => Uri.from({ scheme: "file", path });

/** What the feed was told, in order. */
class RecordingFeed extends WorkspaceFeed {
  readonly told: unknown[] = [];
  override open(params: WorkspaceParams): void {
    this.told.push({ open: params });
  }
  override close(): void {
    this.told.push("close");
  }
  override changed(changes: WorkspaceChanges): void {
    this.told.push(changes);
  }
  override setBuffer(path: string, text: string | undefined): void {
    this.told.push({ path, text });
  }
  override async forget(storagePath: string | undefined): Promise<void> {
    this.told.push({ forget: storagePath });
  }
  take(): unknown[] {
    return this.told.splice(0);
  }
}

function documentAt(path: string, text: string, isDirty = true) {
  return { uri: fileUri(path), isDirty, isClosed: false, getText: () => text };
}

const changes = (parts: Partial<WorkspaceChanges>) => ({
  paths: [],
  renamed: [],
  opened: [],
  ...parts,
});

describe("WorkspaceWatcher", () => {
  let feed: RecordingFeed;
  let watcher: WorkspaceWatcher;

  beforeEach(() => {
    vi.useFakeTimers();
    resetVscode();
    (workspace as { workspaceFolders: unknown }).workspaceFolders = [FOLDER];
    feed = new RecordingFeed();
    watcher = new WorkspaceWatcher(feed, "/storage/learned");
  });

  afterEach(() => {
    watcher[Symbol.dispose]();
    expect(liveDisposables()).toEqual([]);
    vi.useRealTimers();
  });

  const root = (excludes: readonly string[] = []) => ({
    open: {
      roots: [{ path: "/ws", name: "ws", isOnDisk: true, excludes }],
      storagePath: "/storage/learned",
    },
  });

  test("opens the folders with what the settings leave out, and again when that changes", () => {
    watcher.apply(true);
    expect(feed.take()).toEqual([root()]);
    setSetting("files.exclude", { "**/*.{a,b}": true, "**/kept": false });
    expect(feed.take()).toEqual([root(["**/*.a", "**/*.b"])]);
    setSetting("treeline.suggestion.languages", {});
    happened.foldersChanged.fire();
    expect(feed.take()).toEqual([]);
    (workspace as { workspaceFolders: unknown }).workspaceFolders = [];
    happened.foldersChanged.fire();
    expect(feed.take()).toEqual(["close"]);
  });

  test("says nothing while it is switched off", () => {
    watcher.apply(false);
    happened.changed.fire(fileUri("/ws/a.ts"));
    vi.runAllTimers();
    expect(feed.take()).toEqual([]);
    watcher.apply(true);
    watcher.apply(false);
    happened.changed.fire(fileUri("/ws/a.ts"));
    vi.runAllTimers();
    expect(feed.take()).toEqual([root(), "close"]);
    expect(liveDisposables()).toEqual([]);
  });

  test("tells of changed files in one message, and of folders that come and go", () => {
    watcher.apply(true);
    feed.take();
    for (const path of ["a.ts", "a.ts", "src/.gitignore", "README.md", ".env", "tls/x.key"]) {
      happened.changed.fire(fileUri(`/ws/${path}`));
    }
    for (const path of ["node_modules/x/a.ts", "node_modules/x/.gitignore", ".git/index"]) {
      happened.created.fire(fileUri(`/ws/${path}`));
    }
    happened.created.fire(fileUri("/ws/new.folder"));
    happened.deleted.fire(fileUri("/ws/old"));
    happened.deleted.fire(fileUri("/ws/secrets"));
    happened.deleted.fire(fileUri("/elsewhere/a.ts"));
    happened.created.fire(Uri.from({ scheme: "git", path: "/ws/a.ts" }));
    vi.advanceTimersByTime(199);
    expect(feed.take()).toEqual([]);
    vi.advanceTimersByTime(1);
    const paths = ["/ws/a.ts", "/ws/src/.gitignore", "/ws/new.folder", "/ws/old"];
    expect(feed.take()).toEqual([changes({ paths })]);
  });

  test("tells of renames, and of documents that the user turns to", () => {
    watcher.apply(true);
    feed.take();
    happened.renamed.fire({
      files: [{ oldUri: fileUri("/ws/a.ts"), newUri: fileUri("/ws/b.ts") }],
    });
    happened.turnedTo.fire({ document: documentAt("/ws/b.ts", "") });
    happened.turnedTo.fire({ document: documentAt("/ws/notes.md", "") });
    happened.turnedTo.fire(undefined);
    expect(feed.take()).toEqual([
      changes({ renamed: [{ from: "/ws/a.ts", to: "/ws/b.ts" }] }),
      changes({ opened: ["/ws/b.ts"] }),
    ]);
  });

  test("sends unsaved text once the typing pauses, and takes it back when it is saved or closed", () => {
    watcher.apply(true);
    feed.take();
    const document = documentAt("/ws/a.ts", "const a = 1;");
    const edit = () => happened.edited.fire({ document });
    edit();
    vi.advanceTimersByTime(900);
    edit();
    vi.advanceTimersByTime(900);
    expect(feed.take()).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(feed.take()).toEqual([{ path: "/ws/a.ts", text: "const a = 1;" }]);
    document.isDirty = false;
    happened.saved.fire(document);
    expect(feed.take()).toEqual([{ path: "/ws/a.ts", text: undefined }]);
    vi.advanceTimersByTime(200);
    expect(feed.take()).toEqual([changes({ paths: ["/ws/a.ts"] })]);
    document.isDirty = true;
    edit();
    happened.closed.fire(document);
    vi.runAllTimers();
    expect(feed.take()).toEqual([{ path: "/ws/a.ts", text: undefined }]);
  });

  test("takes back what is closed after its folder is gone", () => {
    watcher.apply(true);
    const document = documentAt("/ws/a.ts", "const a = 1;");
    happened.edited.fire({ document });
    vi.runAllTimers();
    feed.take();
    using _ = vi.spyOn(workspace, "getWorkspaceFolder").mockReturnValue(undefined);
    happened.closed.fire(document);
    expect(feed.take()).toEqual([{ path: "/ws/a.ts", text: undefined }]);
  });

  test("never sends the text of secrets, of large documents, of what lies outside", () => {
    watcher.apply(true);
    feed.take();
    const large = documentAt("/ws/large.ts", "a".repeat(600_000));
    for (const path of ["/ws/.env", "/ws/secrets/a.ts", "/ws/key.pem", "/ws/a.json", "/b.ts"]) {
      happened.edited.fire({ document: documentAt(path, "CANARY") });
    }
    const copy = Uri.from({ scheme: "git", path: "/ws/a.ts" });
    happened.edited.fire({ document: { ...documentAt("/ws/a.ts", "CANARY"), uri: copy } });
    happened.edited.fire({ document: large });
    vi.runAllTimers();
    expect(feed.take()).toEqual([{ path: "/ws/large.ts", text: undefined }]);
  });

  test("sends documents that were unsaved when it started", () => {
    (workspace as { textDocuments: unknown[] }).textDocuments = [
      documentAt("/ws/a.ts", "a"),
      documentAt("/ws/b.ts", "b", false),
    ];
    watcher.apply(true);
    vi.runAllTimers();
    expect(feed.take()).toEqual([
      root(),
      { path: "/ws/a.ts", text: "a" },
      { path: "/ws/b.ts", text: undefined },
    ]);
  });

  test("forgets, and is quiet until it is started again", async () => {
    watcher.apply(true);
    feed.take();
    happened.changed.fire(fileUri("/ws/a.ts"));
    await watcher.forget();
    happened.changed.fire(fileUri("/ws/b.ts"));
    watcher.apply(true);
    vi.runAllTimers();
    expect(feed.take()).toEqual([{ forget: "/storage/learned" }]);
    watcher.start();
    expect(feed.take()).toEqual([root()]);
  });
});

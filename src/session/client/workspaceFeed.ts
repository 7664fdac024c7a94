/**
 * Tells the engine of the user's workspace, and every engine that takes its place all of it again: which folders, and the
 * texts that are not on disk. Says what becomes of the index. Outlives clients; nothing here waits for the engine but
 * *forget*.
 */
import { rm } from "node:fs/promises";
import type { NotificationType } from "vscode-jsonrpc/node";
import { EngineError, isAbortError } from "../../core/base/errors.ts";
import {
  forgetWorkspaceRequest,
  NO_WORKSPACE,
  openWorkspaceNotification,
  type WorkspaceChanges,
  type WorkspaceParams,
  type WorkspaceStatus,
  workspaceBufferNotification,
  workspaceChangesNotification,
  workspaceStatusNotification,
} from "../../engine/protocol/workspaceMessages.ts";
import { abortable } from "../abort.ts";
import { ListenerSet } from "../listenerSet.ts";
import type { EngineProcess } from "./engineProcess.ts";
import { INDEXING, QUESTION } from "./patience.ts";

/** What is needed of an engine process. */
export type FedEngine = Pick<EngineProcess, "ask" | "connection" | "exited" | "watchFor">;

export class WorkspaceFeed {
  readonly #listeners = new ListenerSet<WorkspaceStatus>();
  readonly #buffers = new Map<string, string>();
  #params: WorkspaceParams | undefined;
  #engine: FedEngine | undefined;
  #status = NO_WORKSPACE;
  /** Watches the engine while it indexes. */
  #watched: Disposable | undefined;

  get status(): WorkspaceStatus {
    return this.#status;
  }

  onStatus(listener: (status: WorkspaceStatus) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** Opens a workspace in place of the one before; the buffers stay. */
  open(params: WorkspaceParams): void {
    this.#params = params;
    this.#sendAll();
  }

  /** There is no workspace, or none that may be indexed; the buffers are gone with it. */
  close(): void {
    this.#params = undefined;
    this.#buffers.clear();
    this.#tell(openWorkspaceNotification, null);
  }

  changed(changes: WorkspaceChanges): void {
    const { paths, renamed, opened } = changes;
    if (this.#params === undefined || paths.length + renamed.length + opened.length === 0) return;
    this.#tell(workspaceChangesNotification, changes);
  }

  /** @param text - undefined where the disk's text is right again. */
  setBuffer(path: string, text: string | undefined): void {
    if (this.#buffers.get(path) === text) return;
    if (text === undefined) this.#buffers.delete(path);
    else this.#buffers.set(path, text);
    if (this.#params === undefined) return;
    this.#tell(workspaceBufferNotification, { path, text: text ?? null });
  }

  /**
   * Closes the workspace and deletes what is known of it: in the engine, if one runs, and on disk.
   * @param storagePath - as it was opened with, in this session or an earlier one.
   * @throws what keeps the disk or the engine from it; the signal's reason.
   */
  async forget(storagePath: string | undefined, signal: AbortSignal): Promise<void> {
    this.#params = undefined;
    this.#buffers.clear();
    const engine = this.#engine;
    if (engine !== undefined) await forgetIn(engine, signal);
    if (storagePath !== undefined) await rm(storagePath, { recursive: true, force: true });
  }

  /** Resolves when everything is indexed. @throws the signal's reason; an Error if the engine dies before. */
  async whenReady(signal: AbortSignal): Promise<WorkspaceStatus> {
    if (this.#status.phase === "ready") return this.#status;
    let subscription: Disposable | undefined;
    const ready = new Promise<WorkspaceStatus>((resolve) => {
      subscription = this.onStatus((status) => {
        if (status.phase === "ready") resolve(status);
      });
    });
    const gone = this.#engine?.exited.then(() => {
      throw new Error("The engine ended while it indexed the workspace.");
    });
    try {
      return await abortable(Promise.race(gone === undefined ? [ready] : [ready, gone]), signal);
    } finally {
      subscription?.[Symbol.dispose]();
    }
  }

  /** An engine has started: from now on it is the one that is told. */
  attach(engine: FedEngine): void {
    this.#engine = engine;
    engine.connection.onNotification(workspaceStatusNotification, (status) => {
      if (this.#engine === engine) this.#setStatus(status);
    });
    void engine.exited.then(() => {
      if (this.#engine !== engine) return;
      this.#engine = undefined;
      this.#setStatus(NO_WORKSPACE);
    });
    this.#sendAll();
  }

  #sendAll(): void {
    const params = this.#params;
    if (params === undefined || this.#engine === undefined) return;
    this.#setStatus({ ...NO_WORKSPACE, phase: "indexing" });
    this.#tell(openWorkspaceNotification, params);
    for (const [path, text] of this.#buffers)
      this.#tell(workspaceBufferNotification, { path, text });
  }

  #tell<P>(type: NotificationType<P>, params: P): void {
    const attempt = async () => this.#engine?.connection.sendNotification(type.method, params);
    // To an engine that has just died; the next one is told everything.
    attempt().catch(() => {});
  }

  #setStatus(status: WorkspaceStatus): void {
    this.#status = status;
    if (status.phase === "indexing") this.#watched ??= this.#engine?.watchFor(INDEXING);
    else {
      this.#watched?.[Symbol.dispose]();
      this.#watched = undefined;
    }
    this.#listeners.fire(status);
  }
}

async function forgetIn(engine: FedEngine, signal: AbortSignal): Promise<void> {
  try {
    await engine.ask(forgetWorkspaceRequest, QUESTION, signal);
  } catch (error) {
    signal.throwIfAborted();
    // An engine that ends cannot answer, and has forgotten.
    const hasEnded =
      isAbortError(error) || (error instanceof EngineError && error.code === "engineCrashed");
    if (!hasEnded) throw error;
  }
}

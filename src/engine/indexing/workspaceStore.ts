/**
 * The user's workspace as the engine knows it: which folders, which unsaved texts, and their index under the tokenizer of
 * the loaded target. Whoever changes one of them starts another indexer, which goes on with the index if it may.
 */
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { LookupPlace } from "../../core/index/workspaceSearch.ts";
import { PrivateFiles } from "../base/privateFiles.ts";
import type { LearnedState } from "../learned/learnedState.ts";
import type { CompleteParams } from "../protocol/completeMessages.ts";
import {
  NO_WORKSPACE,
  type WorkspaceBuffer,
  type WorkspaceChanges,
  type WorkspaceParams,
} from "../protocol/workspaceMessages.ts";
import type { ShownWorkspace } from "./contextCandidates.ts";
import {
  type WorkspaceIndexer,
  type WorkspaceIndexerOptions,
  workspaceIndexer,
} from "./workspaceIndexer.ts";
import type { WorkspaceTokenizer } from "./workspaceTokenizer.ts";

export type WorkspaceStoreOptions = Pick<
  WorkspaceIndexerOptions,
  "turns" | "log" | "onStatus" | "saveIntervalMs"
>;

/** What the store needs of the loaded models. */
export interface ServedModels {
  readonly tokenizer: WorkspaceTokenizer;
  /** Is kept beside the index, and learns from files that are new to it. */
  readonly learned: Pick<LearnedState, "moveTo" | "recycling">;
}

/** What a generation drafts from: the index, and where it stands in it. */
export interface DraftWorkspace {
  readonly index: WorkspaceIndex;
  readonly place: LookupPlace;
}

export class WorkspaceStore {
  readonly #options: WorkspaceStoreOptions;
  #params: WorkspaceParams | undefined;
  #files: PrivateFiles | undefined;
  #served: ServedModels | undefined;
  readonly #buffers = new Map<string, string>();
  #indexer: WorkspaceIndexer | undefined;
  /** What the last indexer made, and under which tokenizer: the next goes on with it if that is the same. */
  #last: { readonly index: WorkspaceIndex; readonly hash: string } | undefined;
  /** Resolves when no indexer is at work but the present one. */
  #ended: Promise<void> = Promise.resolve();

  constructor(options: WorkspaceStoreOptions) {
    this.#options = options;
  }

  /** Opens a workspace in place of the one before, or none. Its buffers come after. */
  open(params: WorkspaceParams | undefined): void {
    const { storagePath } = params ?? {};
    // The editor gives each workspace a storage folder of its own; without one this may be another workspace.
    if (storagePath === undefined || storagePath !== this.#params?.storagePath) {
      this.#last = undefined;
      this.#files =
        storagePath === undefined ? undefined : new PrivateFiles(storagePath, this.#options.log);
    }
    this.#params = params;
    this.#buffers.clear();
    this.#restart();
  }

  /** Where what is learned of this workspace may be kept; undefined if nowhere. */
  get files(): PrivateFiles | undefined {
    return this.#files;
  }

  /** Models were loaded, or are about to be freed: from then on their tokenizer is not used. */
  serve(models: ServedModels | undefined): void {
    this.#served = models;
    this.#restart();
  }

  changed(changes: WorkspaceChanges): void {
    this.#indexer?.changed(changes);
  }

  setBuffer({ path, text }: WorkspaceBuffer): void {
    if (text === null) this.#buffers.delete(path);
    else this.#buffers.set(path, text);
    this.#indexer?.lookAt(path);
  }

  /** Deletes what is known, in memory and on disk, and closes the workspace. @throws what keeps the disk from it. */
  async forget(): Promise<void> {
    const files = this.#files;
    this.open(undefined);
    await this.#ended;
    await files?.forgetAll();
  }

  /** Whether a document is known to be a source file of the workspace: of others nothing may be kept. */
  isKnownSource({ documentPath }: Pick<CompleteParams, "documentPath">): boolean {
    return documentPath !== undefined && this.#indexer?.awaited.knows(documentPath) === true;
  }

  /** Undefined while there is no index. */
  placeOf({ documentPath, prefixText }: CompleteParams): DraftWorkspace | undefined {
    if (this.#indexer === undefined) return undefined;
    const { index, paths } = this.#indexer;
    const found = documentPath === undefined ? undefined : paths.find(documentPath);
    return { index, place: found === undefined ? {} : index.placeOf(found.key, prefixText) };
  }

  /** What of the workspace may be shown beside a document that lies in it; undefined for others, and while there is no index. */
  shownTo({ documentPath }: Pick<CompleteParams, "documentPath">): ShownWorkspace | undefined {
    const indexer = this.#indexer;
    const found = documentPath === undefined ? undefined : indexer?.paths.find(documentPath);
    if (indexer === undefined || found === undefined) return undefined;
    const { index, paths } = indexer;
    return {
      ...{ index, key: found.key },
      ...{ opened: indexer.awaited.opened, edits: indexer.edits },
      isSettled: indexer.awaited.isSettled(documentPath!),
      mayShow: (key) => this.#indexer === indexer && indexer.awaited.mayShow(key),
      shownPath: (key) => paths.shownOf(key),
    };
  }

  #restart(): void {
    const { onStatus } = this.#options;
    this.#indexer?.stop();
    this.#indexer = undefined;
    const served = this.#served;
    // Before any file is learned from; what it reads from disk comes a little later.
    if (served !== undefined) void served.learned.moveTo(this.#files);
    if (this.#params === undefined || served === undefined) {
      onStatus(NO_WORKSPACE);
      return;
    }
    const { tokenizer, learned } = served;
    const indexer: WorkspaceIndexer = workspaceIndexer({
      ...this.#options,
      roots: this.#params.roots,
      tokenizer,
      files: this.#files,
      buffers: this.#buffers,
      onNewFile: (tokens) => learned.recycling.learnFile(tokens),
      index: this.#last?.hash === tokenizer.hash ? this.#last.index : undefined,
      onStatus: (status) => {
        if (this.#indexer === indexer) onStatus(status);
      },
    });
    this.#indexer = indexer;
    // What an earlier session kept is read first, which may take a while.
    onStatus({ ...NO_WORKSPACE, phase: "indexing" });
    this.#last = { index: indexer.index, hash: tokenizer.hash };
    this.#ended = this.#ended.then(() => indexer.run());
  }
}

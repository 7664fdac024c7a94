/**
 * What drafting has learned with the loaded models: the target's own distributions, how often drafts were accepted, and
 * earlier suggestions. Kept beside the workspace's index between sessions are the second, which are numbers alone, and the
 * first as far as they are of the workspace's source files.
 */

import { messageOf } from "../../core/base/errors.ts";
import type { Log } from "../../core/base/log.ts";
import type { MeasuredPolicy } from "../../core/budget/measuredPolicy.ts";
import { decodeAcceptance, encodeAcceptance } from "../../core/calibration/acceptanceSnapshot.ts";
import { AcceptanceTable } from "../../core/calibration/acceptanceTable.ts";
import { GhostStore, type PieceBytes } from "../../core/drafters/ghostStore.ts";
import { decodeRecycling, encodeRecycling } from "../../core/drafters/recyclingSnapshot.ts";
import { RecyclingStore } from "../../core/drafters/recyclingStore.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";
import type { PrivateFiles } from "../base/privateFiles.ts";
import { SuggestionMemory } from "./suggestionMemory.ts";

/** Where blobs are kept between sessions. */
export type LearnedFiles = Pick<PrivateFiles, "load" | "save">;

export const RECYCLING_BLOB = "recycling";
export const ACCEPTANCE_BLOB = "acceptance";
/** What was learned is kept so long after the first completion that it was learned from, in ms. */
export const KEEP_AFTER_MS = 30_000;

export interface LearnedStateOptions {
  readonly vocabSize: number;
  readonly pieceBytes: PieceBytes;
  /** Tells vocabularies apart. */
  readonly tokenizerHash: string;
  /** Tells pairs of models apart. */
  readonly modelsKey: string;
  /** Absent where t(n) was not measured. */
  readonly policy: MeasuredPolicy | undefined;
  readonly turns: BackgroundTurns;
  readonly log: Log;
  /** For tests. */
  readonly keepAfterMs?: number;
}

/**
 * What has text of documents in it. There are two, and a document's drafts come from one and are learned by the same: also
 * a draft that the target refuses leaves its tokens in a store.
 */
export interface DraftMemory {
  readonly recycling: RecyclingStore;
  readonly suggestions: SuggestionMemory;
}

export class LearnedState implements Disposable {
  readonly #options: LearnedStateOptions;
  readonly #lifetime = new AbortController();
  #ofSources: DraftMemory;
  /** Of all other documents, once there are some; ends with the session. */
  #ofOthers: DraftMemory | undefined;
  #ghosts: GhostStore;
  #files: LearnedFiles | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LearnedStateOptions) {
    this.#options = options;
    this.#ofSources = this.#newMemory();
    this.#ghosts = new GhostStore(options.pieceBytes);
  }

  /** What is kept of the workspace's source files. */
  get recycling(): RecyclingStore {
    return this.#ofSources.recycling;
  }

  /** @param isKnownSource - whether the document is known to be a source file of the workspace: nothing else is kept. */
  memoryOf(isKnownSource: boolean): DraftMemory {
    if (isKnownSource) return this.#ofSources;
    this.#ofOthers ??= this.#newMemory();
    return this.#ofOthers;
  }

  get ghosts(): GhostStore {
    return this.#ghosts;
  }

  get policy(): MeasuredPolicy | undefined {
    return this.#options.policy;
  }

  /**
   * Goes on with what an earlier session kept there, as far as that is of use; undefined: nothing is kept from now on.
   * What was learned until then is another workspace's. Never rejects.
   */
  async moveTo(files: LearnedFiles | undefined): Promise<void> {
    const { vocabSize, tokenizerHash, modelsKey, policy, log } = this.#options;
    if (files === this.#files) return;
    this.forget();
    this.#files = files;
    if (files === undefined) return;
    const [recycling, acceptance] = await Promise.all([
      files.load(RECYCLING_BLOB),
      files.load(ACCEPTANCE_BLOB),
    ]);
    if (this.#files !== files || this.#lifetime.signal.aborted) return;
    const told = (name: string, reason: string) =>
      log("info", `${name} not restored reason=${JSON.stringify(reason)}`);
    if (recycling !== undefined) {
      const decoded = decodeRecycling(recycling, tokenizerHash, vocabSize);
      if (decoded.store === undefined) told("recycling store", decoded.reason);
      else this.#ofSources = { ...this.#ofSources, recycling: decoded.store };
    }
    if (acceptance !== undefined && policy !== undefined) {
      const decoded = decodeAcceptance(acceptance, modelsKey);
      if (decoded.table === undefined) told("acceptance", decoded.reason);
      else policy.acceptance = decoded.table;
    }
  }

  /** A completion was made in a source file of the workspace: what was learned of it is kept before long. */
  learned(): void {
    const { log, keepAfterMs = KEEP_AFTER_MS } = this.#options;
    if (this.#files === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.keep().catch((error: unknown) => {
        if (!this.#lifetime.signal.aborted)
          log("warn", `learned state not kept: ${messageOf(error)}`);
      });
    }, keepAfterMs);
    this.#timer.unref();
  }

  /**
   * Keeps what was learned until now, before it would be kept anyway; nothing where nothing is kept.
   * @throws the reason of the models' end.
   */
  async keep(): Promise<void> {
    const { tokenizerHash, modelsKey, policy, turns } = this.#options;
    const files = this.#files;
    const { signal } = this.#lifetime;
    await turns.next(signal);
    if (files === undefined || files !== this.#files) return;
    await files.save(RECYCLING_BLOB, encodeRecycling(this.recycling, tokenizerHash));
    if (policy === undefined) return;
    await turns.next(signal);
    if (files !== this.#files) return;
    await files.save(ACCEPTANCE_BLOB, encodeAcceptance(policy.acceptance, modelsKey));
  }

  /** Forgets everything in memory, and keeps nothing until it is moved again. The disk is the caller's. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#files = undefined;
    this.#ofSources = this.#newMemory();
    this.#ofOthers = undefined;
    this.#ghosts = new GhostStore(this.#options.pieceBytes);
    const { policy } = this.#options;
    if (policy !== undefined) policy.acceptance = new AcceptanceTable();
  }

  /** The models are about to be freed. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#lifetime.abort();
  }

  #newMemory(): DraftMemory {
    return {
      recycling: new RecyclingStore(this.#options.vocabSize),
      suggestions: new SuggestionMemory(),
    };
  }
}

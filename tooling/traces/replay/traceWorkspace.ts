/** The index of a recorded repository, and of a place's own file what is not hidden. */

import { folderOf } from "../../../src/core/index/workspaceFile.ts";
import { WorkspaceIndex } from "../../../src/core/index/workspaceIndex.ts";
import type { LookupPlace } from "../../../src/core/index/workspaceSearch.ts";
import {
  joinVisible,
  type TracePrompt,
  type TraceRepository,
  type VisibleTokens,
} from "../trace/trace.ts";

export class TraceWorkspace {
  readonly index = new WorkspaceIndex();
  readonly #repository: TraceRepository;
  /** Index of the file of which a span is hidden. */
  #file = -1;
  #last: { readonly visible: VisibleTokens; readonly place: LookupPlace } | undefined;

  constructor(repository: TraceRepository) {
    this.#repository = repository;
    for (const { path, tokens } of repository.files) this.index.setFile(path, tokens);
  }

  get files(): TraceRepository["files"] {
    return this.#repository.files;
  }

  /** Hides what this place hides, and what was hidden before is there again. Nothing changes where it was the last. */
  enter({ file, path, visible, importedFiles }: PlaceInWorkspace): LookupPlace {
    // Files have an age, counted in changes.
    if (this.#last?.visible === visible) return this.#last.place;
    const { files } = this.#repository;
    const before = files[this.#file];
    if (before !== undefined) this.index.setFile(before.path, before.tokens);
    this.#file = file;
    const own = files[file];
    if (own !== undefined) this.index.setFile(own.path, joinVisible(own.tokens, visible));
    const idOf = (index: number) => {
      const known = files[index];
      return known && this.index.fileId(known.path);
    };
    const importedIds = new Set(importedFiles.map(idOf).filter((id) => id !== undefined));
    const place = { fileId: idOf(file), folder: folderOf(path), importedIds };
    this.#last = { visible, place };
    return place;
  }
}

export type PlaceInWorkspace = Pick<TracePrompt, "file" | "path" | "visible" | "importedFiles">;

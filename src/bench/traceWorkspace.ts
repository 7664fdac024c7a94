/** The index of a recorded repository, and of a place's own file what is not hidden. */

import { folderOf } from "../core/workspaceFile.ts";
import { WorkspaceIndex } from "../core/workspaceIndex.ts";
import type { LookupPlace } from "../core/workspaceSearch.ts";
import type { TracePrompt, TraceRepository } from "./trace.ts";

export class TraceWorkspace {
  readonly index = new WorkspaceIndex();
  readonly #repository: TraceRepository;
  /** Index of the file of which a span is hidden. */
  #entered = -1;

  constructor(repository: TraceRepository) {
    this.#repository = repository;
    for (const { path, tokens } of repository.files) this.index.setFile(path, tokens);
  }

  /** Hides what this place hides, and what was hidden before is there again. */
  enter({ file, path, visibleTokens, importedFiles }: PlaceInWorkspace): LookupPlace {
    const { files } = this.#repository;
    const before = files[this.#entered];
    if (before !== undefined) this.index.setFile(before.path, before.tokens);
    this.#entered = file;
    if (files[file] !== undefined) this.index.setFile(files[file].path, visibleTokens);
    const idOf = (index: number) => {
      const known = files[index];
      return known && this.index.fileId(known.path);
    };
    const importedIds = new Set(importedFiles.map(idOf).filter((id) => id !== undefined));
    return { fileId: idOf(file), folder: folderOf(path), importedIds };
  }
}

export type PlaceInWorkspace = Pick<
  TracePrompt,
  "file" | "path" | "visibleTokens" | "importedFiles"
>;

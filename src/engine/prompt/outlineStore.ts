/**
 * What the workspace's files declare, as the index has them: made of the index's own tokens, so that nothing is read which
 * the index would not hold, and kept until a file changes.
 */
import { importedFiles } from "../../core/index/importedFiles.ts";
import { folderOf } from "../../core/index/workspaceFile.ts";
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { Outline } from "../../core/prompt/outline.ts";
import type { OutlineParser } from "../../workspace/outlineParser.ts";

/** Outlines in memory; each about a tenth of its file. */
const MAX_KEPT = 4_096;
/** Files that mostly pass on what others declare. */
const PASSES_ON = /(^|\/)(index\.[cm]?[jt]sx?|__init__\.pyi?)$/;

export interface KnownOutline {
  readonly outline: Outline;
  /** Of a file that passes on what others declare: those. */
  readonly passedOn: readonly number[];
}

interface Kept extends KnownOutline {
  readonly revision: number;
}

export class OutlineStore {
  readonly #parser: OutlineParser;
  readonly #textOf: (tokens: Int32Array) => string;
  #index: WorkspaceIndex | undefined;
  readonly #kept = new Map<number, Kept>();

  constructor(parser: OutlineParser, textOf: (tokens: Int32Array) => string) {
    this.#parser = parser;
    this.#textOf = textOf;
  }

  /**
   * Undefined if the index does not have the file.
   * @param pause - awaited between slices of work; may throw.
   */
  async outlineOf(
    index: WorkspaceIndex,
    id: number,
    pause: () => Promise<void>,
  ): Promise<KnownOutline | undefined> {
    if (index !== this.#index) this.forget();
    this.#index = index;
    const file = index.fileOf(id);
    const kept = this.#kept.get(id);
    if (file === undefined || kept?.revision === file.revision) return file && kept;
    const { path, revision } = file;
    const text = this.#textOf(file.tokens);
    const passedOn = PASSES_ON.test(path)
      ? [...importedFiles(text, folderOf(path), (other) => index.fileId(other))]
      : [];
    const outline = await this.#parser.outline(path, text, pause);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    const known = { outline, passedOn, revision };
    // While it was made, another workspace may have been opened.
    if (index === this.#index) this.#kept.set(id, known);
    return known;
  }

  forget(): void {
    this.#kept.clear();
    this.#index = undefined;
  }
}

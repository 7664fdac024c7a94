/**
 * What the workspace's files declare, as the index has them: made of the index's own tokens, so that nothing is read which
 * the index would not hold, and kept until a file changes.
 */
import type { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { Outline } from "../../core/prompt/outline.ts";
import type { OutlineParser } from "../../workspace/outlineParser.ts";

/** Outlines in memory; each about a tenth of its file. */
const MAX_KEPT = 4_096;
/** Files that mostly pass on what others declare. */
const PASSES_ON = /(^|\/)(index\.[cm]?[jt]sx?|__init__\.pyi?)$/;

interface KnownOutline {
  readonly outline: Outline;
  /** Of a file that passes on what others declare: those. */
  readonly passedOn: readonly number[];
  readonly revision: number;
}

export function outlineStore(parser: OutlineParser, textOf: (tokens: Int32Array) => string) {
  let indexOfKept: WorkspaceIndex | undefined;
  const allKept = new Map<number, KnownOutline>();
  const forget = () => {
    allKept.clear();
    indexOfKept = undefined;
  };
  return {
    forget,
    /**
     * Undefined if the index does not have the file.
     * @param pause - awaited between slices of work; may throw.
     */
    async outlineOf(
      index: WorkspaceIndex,
      id: number,
      pause: () => Promise<void>,
    ): Promise<KnownOutline | undefined> {
      if (index !== indexOfKept) forget();
      indexOfKept = index;
      const file = index.fileOf(id);
      const kept = allKept.get(id);
      if (file === undefined || kept?.revision === file.revision) return file && kept;
      const { path, revision } = file;
      const text = textOf(file.tokens);
      const passedOn = PASSES_ON.test(path) ? [...index.importedIds(path, text)] : [];
      const outline = await parser.outline(path, text, pause);
      if (allKept.size >= MAX_KEPT) allKept.clear();
      const known = { outline, passedOn, revision };
      // While it was made, another workspace may have been opened.
      if (index === indexOfKept) allKept.set(id, known);
      return known;
    },
  };
}

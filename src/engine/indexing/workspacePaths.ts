/** Paths as the editor gives them, and what the index calls the same files: a root's name, then the path below it. */
import type { WorkspaceRoot } from "../protocol/workspaceMessages.ts";

/** A file in one of the roots. */
export interface RootedPath {
  readonly rootIndex: number;
  /** Below the root, with forward slashes; empty for the root itself. */
  readonly path: string;
  /** What the index calls it. */
  readonly key: string;
}

interface NamedRoot {
  readonly rootIndex: number;
  /** With forward slashes, without one at its end. */
  readonly path: string;
  /** Unlike any other root's. */
  readonly name: string;
}

export class WorkspacePaths {
  readonly #names: readonly string[];
  /** Longest first: a root within another has its files. */
  readonly #roots: readonly NamedRoot[];

  constructor(roots: readonly Pick<WorkspaceRoot, "path" | "name">[]) {
    const numSame = new Map<string, number>();
    this.#names = roots.map(({ name }) => {
      const number = (numSame.get(name) ?? 0) + 1;
      numSame.set(name, number);
      return number === 1 ? name : `${name}:${number}`;
    });
    this.#roots = roots
      .map(({ path }, rootIndex) => {
        const name = this.#names[rootIndex]!;
        return { rootIndex, path: slashed(path).replace(/\/+$/, ""), name };
      })
      .sort((a, b) => b.path.length - a.path.length);
  }

  /** What the index calls a file of a root. */
  keyOf(rootIndex: number, path: string): string {
    return `${this.#names[rootIndex]}/${path}`;
  }

  /** The path below its root of what the index calls so; with the root's name where there are several. */
  shownOf(key: string): string {
    return this.#names.length === 1 ? key.slice(this.#names[0]!.length + 1) : key;
  }

  /** Undefined for what lies outside, or says so in a way of its own. */
  find(path: string): RootedPath | undefined {
    const wanted = slashed(path);
    if (/(^|\/)\.{1,2}(\/|$)/.test(wanted)) return undefined;
    for (const { rootIndex, path: root, name } of this.#roots) {
      if (wanted === root) return { rootIndex, path: "", key: name };
      if (!wanted.startsWith(`${root}/`)) continue;
      const below = wanted.slice(root.length + 1);
      return { rootIndex, path: below, key: `${name}/${below}` };
    }
    return undefined;
  }
}

function slashed(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

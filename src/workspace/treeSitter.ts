/**
 * Tree-sitter as VS Code builds it for itself: a parser in WebAssembly, and grammars. Loaded when it is first needed, found at
 * run time like the native packages.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as TreeSitter from "@vscode/tree-sitter-wasm";

export type { Language, Parser, Tree, TreeCursor } from "@vscode/tree-sitter-wasm";

const PACKAGE = "@vscode/tree-sitter-wasm";

export type LoadedTreeSitter = Awaited<ReturnType<typeof loadTreeSitter>>;

/** Each time with a memory of its own. @throws Error if the package is not there or its code cannot run. */
export async function loadTreeSitter() {
  const require = createRequire(import.meta.url);
  const path = require.resolve(PACKAGE);
  const folder = dirname(path);
  // It keeps its memory beside its code.
  delete require.cache[path];
  const { Parser, Language } = require(path) as typeof TreeSitter;
  await Parser.init({ locateFile: (name) => join(folder, name) });
  return {
    newParser: () => new Parser(),
    /** @param name - of a grammar's file in the package, without `tree-sitter-` and the ending. */
    loadLanguage: (name: string) => Language.load(join(folder, `tree-sitter-${name}.wasm`)),
  };
}

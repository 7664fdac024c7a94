/**
 * The files that a text imports by a path of its own folder or one near it: TypeScript, JavaScript and styles by their
 * specifiers, Python by its dots or by a module's name from a folder above on, C by its quotes, Go by the end of a package's
 * path. What is imported by a package's name otherwise is another's code.
 */

/** Imports stand at the top. */
const MAX_CHARS = 16_384;
const MAX_IMPORTS = 64;
/** Of one import. */
const MAX_NAMES = 16;

const SPECIFIER =
  /(?:\bfrom|\bimport|\brequire|@use|@forward)\s{0,8}\(?\s{0,8}["'](\.{1,2}\/[^"'\n]{1,256})["']/g;
/** Dots, module and the names that are imported from it, which may be modules. */
const PYTHON =
  /^(?:[ \t]{0,8}from (\.{0,8})([\w.]{0,128}) import[ \t]{1,4}([\w, \t]{0,256})|import ([\w.]{1,128}))/gm;
const GO = /^(?:import )?[ \t]{0,8}(?:[\w.]{1,64} )?"([\w./-]{1,256})"[ \t]{0,8}\r?$/gm;
/** Folders above a file that its project may begin in. */
const MAX_ABOVE = 8;
const INCLUDE = /^[ \t]{0,8}#[ \t]{0,8}include[ \t]{0,8}"([^"\n]{1,256})"/gm;

const ENDINGS = [".ts", ".tsx", ".js", ".jsx", ".mts", ".mjs", ".cts", ".cjs", ".vue", ".svelte"];
const STYLES = [".scss", ".css", ".less"];
/** Endings that stand in a specifier for the one of the source: TypeScript's are written as they will be built. */
const BUILT = /\.([cm]?)jsx?$/;

/**
 * Those of the candidates that exist, each once.
 * @param folder - of the importing file.
 * @param find - what is known by a path, or undefined.
 */
export function importedFiles<T>(
  text: string,
  folder: string,
  find: (path: string) => T | undefined,
): Set<T> {
  const head = text.slice(0, MAX_CHARS);
  const found = new Set<T>();
  const take = (candidates: readonly string[]) => {
    for (const candidate of candidates) {
      const file = find(candidate);
      if (file === undefined) continue;
      found.add(file);
      return;
    }
  };
  for (const [, specifier = ""] of matches(head, SPECIFIER)) {
    const path = resolved(folder, specifier);
    const source = path.replace(BUILT, "");
    const stems = source === path ? [path] : [path, source];
    take([
      path,
      ...stems.flatMap((stem) => [...ENDINGS, ...STYLES].map((ending) => stem + ending)),
      ...ENDINGS.map((ending) => `${path}/index${ending}`),
    ]);
  }
  for (const [, dots = "", module = "", names = "", own = ""] of matches(head, PYTHON)) {
    const path = (module || own).replaceAll(".", "/");
    const bases =
      dots === "" ? foldersAbove(folder) : [resolved(folder, "../".repeat(dots.length - 1))];
    if (dots === "" && path === "") continue;
    const modules = bases.map((base) => resolved(base, path));
    take(modules.flatMap((found) => [`${found}.py`, `${found}/__init__.py`]));
    for (const name of names.match(/\w+/g)?.slice(0, MAX_NAMES) ?? []) {
      take(modules.map((found) => `${found}/${name}.py`));
    }
  }
  for (const [, path = ""] of matches(head, INCLUDE)) take([resolved(folder, path)]);
  return found;
}

/**
 * The folders of the packages that a Go file imports, by the longest end of the package's path that there is from a folder
 * above on.
 * @param has - whether a folder is known.
 */
export function importedFolders(
  text: string,
  folder: string,
  has: (folder: string) => boolean,
): Set<string> {
  const found = new Set<string>();
  for (const [, path = ""] of matches(text.slice(0, MAX_CHARS), GO)) {
    const names = path.split("/").slice(-MAX_ABOVE);
    // Without a host it is the standard library's, or a folder by its whole path.
    const numEnds = path.split("/")[0]!.includes(".") ? names.length : 1;
    const ends = names.slice(0, numEnds).map((_, index) => names.slice(index).join("/"));
    const bases = foldersAbove(folder);
    const hit = ends
      .flatMap((end) => bases.map((base) => resolved(base, end)))
      .find((candidate) => candidate !== folder && has(candidate));
    if (hit !== undefined) found.add(hit);
  }
  return found;
}

/** A file's folder and those above it, the nearest first; the last is the top. */
function foldersAbove(folder: string): string[] {
  const names = folder === "" ? [] : folder.split("/");
  const above = names.map((_, index) => names.slice(0, names.length - index).join("/"));
  return [...above.slice(0, MAX_ABOVE), ""];
}

function* matches(text: string, pattern: RegExp): Generator<RegExpMatchArray> {
  let left = MAX_IMPORTS;
  for (const match of text.matchAll(pattern)) {
    if (left-- === 0) return;
    yield match;
  }
}

/** A path below a folder, without `.` and `..`; above the top there is nothing. */
function resolved(folder: string, path: string): string {
  const names = folder === "" ? [] : folder.split("/");
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "." && name !== "") names.push(name);
  }
  return names.join("/");
}

/**
 * The files that a text imports by a path of its own folder or one near it: TypeScript, JavaScript and styles by their
 * specifiers, Python by its dots, C by its quotes. What is imported by a package's name is another's code.
 */

/** Imports stand at the top. */
const MAX_CHARS = 16_384;
const MAX_IMPORTS = 64;

const SPECIFIER =
  /(?:\bfrom|\bimport|\brequire|@use|@forward)\s{0,8}\(?\s{0,8}["'](\.{1,2}\/[^"'\n]{1,256})["']/g;
const PYTHON = /^from (\.{1,8})([\w.]{0,128}) import /gm;
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
  for (const [, dots = "", module = ""] of matches(head, PYTHON)) {
    const up = "../".repeat(dots.length - 1);
    const path = resolved(folder, up + module.replaceAll(".", "/"));
    take([`${path}.py`, `${path}/__init__.py`]);
  }
  for (const [, path = ""] of matches(head, INCLUDE)) take([resolved(folder, path)]);
  return found;
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

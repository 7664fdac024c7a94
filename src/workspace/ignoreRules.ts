/**
 * What git and the editor's settings leave out, below one folder: every `.gitignore` from the repository's top down to a
 * file's own folder, `.git/info/exclude`, and exclude patterns. Rules are read when a folder is first asked about.
 */
import { join, relative, sep } from "node:path";
import ignore, { type Ignore } from "ignore";
import { ignoreLinesOf } from "./excludePatterns.ts";
import { findRepository } from "./repository.ts";
import { readRulesFile } from "./rulesFile.ts";
import { IGNORE_FILE } from "./sourceRules.ts";

/** No path is as long, in characters. */
const MAX_RULE_LENGTH = 4_096;
/** `**` in one rule: with more of them the time to try it grows without bound. A rule is cut there. */
const MAX_GLOBSTARS = 4;
const IGNORES_CASE = process.platform === "win32" || process.platform === "darwin";

/**
 * @param root - absolute.
 * @param excludes - patterns of the editor, relative to the root.
 * @param signal - ends the rules; whoever asks them after that gets its reason.
 */
export async function openIgnoreRules(
  root: string,
  excludes: readonly string[],
  signal: AbortSignal,
) {
  const lines = ignoreLinesOf(excludes);
  const excluded = newRules().add(lines.flatMap((line) => rebasedRule(line, "") ?? []));
  const { folders, excludeText } = await findRepository(root, signal);
  const belowTop = (folder: string) => relative(folders[0]!, folder).replaceAll(sep, "/");
  let outer = withFile(newRules(), "", excludeText);
  for (const folder of folders.slice(0, -1)) {
    outer = withFile(outer, belowTop(folder), await readRules(folder, signal));
  }
  let rootPath = belowTop(root);
  // Who opens a folder that its repository ignores wants to work there.
  if (rootPath !== "" && outer.ignores(`${rootPath}/`)) {
    outer = newRules();
    rootPath = "";
  }
  const prefix = rootPath === "" ? "" : `${rootPath}/`;
  const own = withFile(outer, rootPath, await readRules(root, signal));
  /** By folder, relative to the root: the rules of the folders above it, then its own. */
  const known = new Map([["", Promise.resolve(own)]]);
  const rulesOf = (folder: string): Promise<Ignore> => {
    const found = known.get(folder);
    if (found !== undefined) return found;
    const rules = (async () => {
      const [above, text] = await Promise.all([
        rulesOf(folderAbove(folder)),
        readRules(join(root, folder), signal),
      ]);
      return withFile(above, prefix + folder, text);
    })();
    known.set(folder, rules);
    return rules;
  };
  return {
    /**
     * Whether a file or folder is left out, given that the folders above it are not.
     * @param path - relative to the root, with forward slashes.
     */
    async ignores(path: string, isFolder: boolean): Promise<boolean> {
      const tail = isFolder ? "/" : "";
      if (excluded.ignores(path + tail)) return true;
      return (await rulesOf(folderAbove(path))).ignores(prefix + path + tail);
    },
  };
}

function folderAbove(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function newRules(): Ignore {
  return ignore({ ignorecase: IGNORES_CASE });
}

function readRules(folder: string, signal: AbortSignal): Promise<string> {
  return readRulesFile(join(folder, IGNORE_FILE), signal);
}

function withFile(outer: Ignore, folder: string, text: string): Ignore {
  const own = text.split(/\r?\n/).flatMap((line) => rebasedRule(line, folder) ?? []);
  return own.length === 0 ? outer : newRules().add(outer).add(own);
}

/** A line of a folder's `.gitignore` as it would stand in the top one; undefined if it is no rule. */
export function rebasedRule(line: string, folder: string): string | undefined {
  const isNegative = line.startsWith("!");
  const pattern = line.slice(isNegative ? 1 : 0);
  if (/^(\s*|\/+\s*|#.*)$/.test(pattern)) return undefined;
  if (pattern.length > MAX_RULE_LENGTH || pattern.includes("\0")) return undefined;
  const parts = pattern.split("**");
  const isCut = parts.length > MAX_GLOBSTARS + 1;
  // Cut short it stands for more paths than it did: fine for leaving out, not for letting in.
  if (isCut && isNegative) return undefined;
  const cut = isCut ? `${parts.slice(0, MAX_GLOBSTARS).join("**")}**` : pattern;
  const sign = isNegative ? "!" : "";
  if (folder === "") return sign + cut;
  const isAnchored = /\/(?=.*[^\s/])|^\//.test(cut);
  const base = `/${folder.replace(/[\\*?[\]!# ]/g, "\\$&")}/`;
  // What quotes a first `!` or `#` is no quote in the middle.
  const own = cut.replace(/^\\(?=[!#])/, "").replace(/^\//, "");
  return `${sign}${base}${isAnchored ? "" : "**/"}${own}`;
}

/**
 * What git and the editor's settings leave out, below one folder: every `.gitignore` from the repository's top down to a
 * file's own folder, `.git/info/exclude`, and exclude patterns. Rules are read when a folder is first asked about.
 */
import { join } from "node:path";
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

/** By folder, relative to where its paths begin. */
type RulesOfFolder = Map<string, Promise<Ignore>>;

export class IgnoreRules {
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #excluded: Ignore;
  readonly #rules: RulesOfFolder = new Map();
  /** The root's path below the top of its repository, with a slash at its end; empty if it is the top. */
  #prefix = "";

  private constructor(root: string, excludes: readonly string[], signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    const lines = ignoreLinesOf(excludes);
    this.#excluded = newRules().add(lines.flatMap((line) => rebasedRule(line, "") ?? []));
  }

  /**
   * @param root - absolute.
   * @param excludes - patterns of the editor, relative to the root.
   * @param signal - ends the rules; whoever asks them after that gets its reason.
   */
  static async open(
    root: string,
    excludes: readonly string[],
    signal: AbortSignal,
  ): Promise<IgnoreRules> {
    const rules = new IgnoreRules(root, excludes, signal);
    const { folders, excludeText } = await findRepository(root, signal);
    let outer = withFile(newRules(), "", excludeText);
    let prefix = "";
    for (const folder of folders.slice(0, -1)) {
      outer = withFile(outer, prefix, await readRules(folder.path, signal));
      prefix = prefix === "" ? folder.next : `${prefix}/${folder.next}`;
    }
    // Who opens a folder that its repository ignores wants to work there.
    if (prefix !== "" && outer.ignores(`${prefix}/`)) {
      outer = newRules();
      prefix = "";
    }
    rules.#prefix = prefix === "" ? "" : `${prefix}/`;
    const own = withFile(outer, prefix, await readRules(root, signal));
    rules.#rules.set("", Promise.resolve(own));
    return rules;
  }

  /**
   * Whether a file or folder is left out, given that the folders above it are not.
   * @param path - relative to the root, with forward slashes.
   */
  async ignores(path: string, isFolder: boolean): Promise<boolean> {
    const tail = isFolder ? "/" : "";
    if (this.#excluded.ignores(path + tail)) return true;
    const rules = await this.#rulesOf(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    return rules.ignores(this.#prefix + path + tail);
  }

  /** The rules that hold in a folder: those of the folders above it, then its own. */
  #rulesOf(folder: string): Promise<Ignore> {
    const known = this.#rules.get(folder);
    if (known !== undefined) return known;
    const above = folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
    const rules = (async () => {
      const [outer, own] = await Promise.all([
        this.#rulesOf(above),
        readRules(join(this.#root, folder), this.#signal),
      ]);
      return withFile(outer, this.#prefix + folder, own);
    })();
    this.#rules.set(folder, rules);
    return rules;
  }
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

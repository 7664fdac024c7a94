/** The editor's patterns for files to leave out, for its own search and as rules of a `.gitignore`. Pure. */
import { FOREIGN_FOLDERS } from "./sourceRules.ts";

/** A pattern may come from a repository: one that stands for more is taken as it is, braces and all. */
const MAX_CHOICES = 256;

/** The patterns that are `true` in values of `files.exclude` and `search.exclude`, without braces. */
export function activePatterns(...settings: readonly unknown[]): string[] {
  const patterns = settings.flatMap((setting) =>
    typeof setting === "object" && setting !== null
      ? Object.entries(setting).flatMap(([pattern, isOn]) => (isOn === true ? [pattern] : []))
      : [],
  );
  return [...new Set(patterns.flatMap(expandBraces))];
}

/** One glob for `findFiles` that leaves out these, and what was installed or built. */
export function excludeGlob(patterns: readonly string[]): string {
  const all = [`**/{.git,.venv,${FOREIGN_FOLDERS.join(",")}}`, ...patterns]
    .flatMap(expandBraces)
    // A pattern may name a folder; what lies below it is left out as well.
    .flatMap((pattern) =>
      pattern.endsWith("/**") ? [pattern] : [pattern, `${pattern.replace(/\/$/, "")}/**`],
    );
  return `{${[...new Set(all)].join(",")}}`;
}

/**
 * The same patterns as lines of a `.gitignore` at the folder's root. There, as in the editor, a pattern begins at the root
 * unless it begins with `**`.
 */
export function ignoreLinesOf(patterns: readonly string[]): string[] {
  return patterns
    .flatMap(expandBraces)
    .map((pattern) => pattern.replaceAll("\\", "/").replace(/\/+$/, ""))
    .filter((pattern) => pattern !== "")
    .map((pattern) => (/^(\/|\*\*(\/|$))/.test(pattern) ? pattern : `/${pattern}`))
    .map((line) => line.replace(/ +$/, (spaces) => "\\ ".repeat(spaces.length)));
}

/** `a/{b,c}` → `a/b`, `a/c`: VS Code's globs know no braces within braces, git's none at all. */
export function expandBraces(pattern: string): string[] {
  const open: string[] = [pattern];
  const flat = new Set<string>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const inner = /\{([^{}]*)\}/.exec(next);
    if (inner === null) flat.add(next);
    else {
      const before = next.slice(0, inner.index);
      const after = next.slice(inner.index + inner[0].length);
      const choices = inner[1]!.split(",");
      for (const choice of choices.toReversed()) open.push(`${before}${choice}${after}`);
    }
    if (open.length + flat.size > MAX_CHOICES) return [pattern];
  }
  return [...flat];
}

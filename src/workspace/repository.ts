/** Where a folder stands in its git repository. Reads files; runs no git. */
import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { readRulesFile } from "./rulesFile.ts";

/** Folders above a root that are searched for a repository. */
const MAX_FOLDERS_ABOVE = 32;

/**
 * @returns the folders from the top of the repository to the root, the root alone if it is in none; and the text of
 *   `.git/info/exclude`, empty if there is none.
 * @throws the signal's reason.
 */
export async function findRepository(root: string, signal: AbortSignal) {
  const folders = [root];
  for (let number = 0; number < MAX_FOLDERS_ABOVE; number++) {
    const top = folders[0]!;
    const gitFolder = await gitFolderOf(top, signal);
    if (gitFolder !== undefined) {
      const excludeText = await readGitFile(join(gitFolder, "info", "exclude"), signal);
      return { folders, excludeText };
    }
    const above = dirname(top);
    if (above === top) break;
    folders.unshift(above);
  }
  return { folders: [root], excludeText: "" };
}

/** Where the repository of a top folder keeps its files; of a worktree, where the main one does. */
async function gitFolderOf(top: string, signal: AbortSignal): Promise<string | undefined> {
  const path = join(top, ".git");
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return found && path;
  const link = /^gitdir: (.*)/.exec(await readGitFile(path, signal))?.[1];
  // A share or a device of Windows: to look there would already tell its owner, or wait for it.
  if (link === undefined || isShare(link)) return undefined;
  const own = isAbsolute(link) ? link : join(top, link);
  const common = (await readGitFile(join(own, "commondir"), signal)).trim();
  if (isShare(common)) return undefined;
  return common === "" ? own : isAbsolute(common) ? common : join(own, common);
}

/** Empty where there is none. Git's own files may be links for git; of what they lead to, only the rules are taken. */
async function readGitFile(path: string, signal: AbortSignal): Promise<string> {
  const target = await realpath(path).catch(() => undefined);
  return target === undefined ? "" : readRulesFile(target, signal);
}

function isShare(path: string): boolean {
  return /^[\\/]{2}/.test(path);
}

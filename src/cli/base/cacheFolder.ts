/** Where the command line keeps what it can make again. */
import { homedir, platform } from "node:os";
import { isAbsolute, join } from "node:path";

/** The user's cache folder for Treeline, by the platform's custom (XDG on Linux). */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  // XDG: a relative path is to be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "treeline");
  if (platform() === "win32") return join(local ?? join(homedir(), "AppData/Local"), "treeline");
  if (platform() === "darwin") return join(homedir(), "Library/Caches/treeline");
  return join(homedir(), ".cache/treeline");
}

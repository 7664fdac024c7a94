/** The text of a file that says what to leave out. Whoever made the repository may have put anything in its place. */
import { readRegularFile } from "./regularFile.ts";

/** Of a longer file only the lines that end before are taken: each rule is tried on each path. */
const MAX_BYTES = 128 * 1024;

/**
 * Without a byte order mark, as git reads it. Empty where there is none; a link is none for git, either.
 * @throws the signal's reason.
 */
export async function readRulesFile(path: string, signal: AbortSignal): Promise<string> {
  const file = await readRegularFile(path, { maxBytes: MAX_BYTES, ifLarger: "cut" }, signal);
  if (file === undefined) return "";
  const text = new TextDecoder().decode(file.bytes);
  return file.isCut ? text.slice(0, text.lastIndexOf("\n") + 1) : text;
}

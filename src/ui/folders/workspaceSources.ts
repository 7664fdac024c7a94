/** Reads the source files that a benchmark completes in, from wherever the workspace lies. */
import * as vscode from "vscode";
import { type SourceFile, seededRandom, shuffled } from "../../bench/spots/sourceSpots.ts";
import { activePatterns, excludeGlob } from "../../workspace/excludePatterns.ts";
import { isSourcePath, SOURCE_GLOB, sourceTextOf } from "../../workspace/sourceRules.ts";

export interface SourceLimits {
  readonly maxFiles: number;
  /** Larger files are data, not source. */
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

export const DEFAULT_LIMITS: SourceLimits = {
  maxFiles: 400,
  maxFileBytes: 256 * 1024,
  maxTotalBytes: 6 * 1024 ** 2,
};

/** Paths that one folder may bring before a part of them is drawn. */
const MAX_FOUND = 20_000;
/** Files read at once. */
const READ_BATCH = 16;

export interface WorkspaceSources {
  readonly files: readonly SourceFile[];
  readonly numBytes: number;
  /** Paths of sources in the workspace, of which `files` are all or a part. */
  readonly numFound: number;
}

/**
 * The workspace's source files, or, where they exceed the limits, a part of them drawn by seed; `files.exclude` and
 * `search.exclude` are heeded. Sorted by path.
 * @throws the signal's reason if it aborts; the token stands for the same cancellation.
 */
export async function readWorkspaceSources(
  folders: readonly vscode.WorkspaceFolder[],
  limits: SourceLimits,
  seed: number,
  token: vscode.CancellationToken,
  signal: AbortSignal,
): Promise<WorkspaceSources> {
  const finds = folders.map((folder) => {
    const pattern = new vscode.RelativePattern(folder, SOURCE_GLOB);
    const exclude = excludeGlob(excludesOf(folder));
    return vscode.workspace.findFiles(pattern, exclude, MAX_FOUND, token);
  });
  const found = (await Promise.all(finds)).flat();
  signal.throwIfAborted();
  const hasSeveral = folders.length > 1;
  const pathOf = (uri: vscode.Uri, isNamed: boolean) =>
    vscode.workspace.asRelativePath(uri, isNamed).replaceAll("\\", "/");
  const places = found
    .filter((uri) => isSourcePath(pathOf(uri, false)))
    .map((uri) => ({ uri, path: pathOf(uri, hasSeveral) }))
    .sort(byPath);
  const drawn = shuffled(places, seededRandom(seed));
  const files: SourceFile[] = [];
  let numBytes = 0;
  const { maxFiles, maxFileBytes, maxTotalBytes } = limits;
  let isFull = false;
  for (let start = 0; start < drawn.length && !isFull; start += READ_BATCH) {
    const batch = drawn.slice(start, start + READ_BATCH);
    const texts = await Promise.all(batch.map(({ uri }) => readSource(uri, maxFileBytes)));
    signal.throwIfAborted();
    for (const [index, { path }] of batch.entries()) {
      const source = texts[index];
      if (source === undefined) continue;
      isFull = files.length >= maxFiles || numBytes + source.numBytes > maxTotalBytes;
      if (isFull) break;
      numBytes += source.numBytes;
      files.push({ path, text: source.text });
    }
  }
  files.sort(byPath);
  return { files, numBytes, numFound: places.length };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

/** What the settings leave out of a folder, as patterns. */
export function excludesOf(folder: vscode.WorkspaceFolder): string[] {
  const exclude = (section: string) =>
    vscode.workspace.getConfiguration(section, folder.uri).get("exclude");
  return activePatterns(exclude("files"), exclude("search"));
}

/** Undefined if it is too large, no source, a link or no file, or not there any more. */
async function readSource(
  uri: vscode.Uri,
  maxBytes: number,
): Promise<{ readonly text: string; readonly numBytes: number } | undefined> {
  try {
    const { size, type } = await vscode.workspace.fs.stat(uri);
    // Of a link the type has a bit more; a device has none, and may have no end.
    if (type !== vscode.FileType.File || size > maxBytes) return undefined;
    const bytes = await vscode.workspace.fs.readFile(uri);
    const text = sourceTextOf(bytes);
    return text === undefined ? undefined : { text, numBytes: bytes.length };
  } catch (error) {
    // Files come and go, and some may not be read.
    if (error instanceof vscode.FileSystemError) return undefined;
    throw error;
  }
}

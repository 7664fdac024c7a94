/** Code that is unlike any workspace: of a package that comes with the extension, so that nothing has to be fetched. */
import * as vscode from "vscode";
import type { BenchSources } from "../engine/protocol.ts";
import { readDrawn, type SourcePlace } from "./workspaceSources.ts";

const PACKAGE = "node-llama-cpp";
/** Where the package lies in a VSIX, and in the repository. */
const FOLDERS = ["dist/node_modules", "node_modules"];
const LIMITS = { maxFiles: 60, maxFileBytes: 64 * 1024, maxTotalBytes: 1024 ** 2 };

/** Undefined if the package is not there. */
export async function readForeignSources(
  extensionUri: vscode.Uri,
  seed: number,
  signal: AbortSignal,
): Promise<BenchSources | undefined> {
  for (const folder of FOLDERS) {
    const root = vscode.Uri.joinPath(extensionUri, folder, PACKAGE);
    const places = await scriptsBelow(vscode.Uri.joinPath(root, "dist"), `${PACKAGE}/dist`);
    if (places.length === 0) continue;
    places.sort((a, b) => (a.path < b.path ? -1 : 1));
    const { files } = await readDrawn(places, LIMITS, seed, signal);
    const origin = `${PACKAGE} ${await versionOf(root)} (${files.length} files)`;
    return { origin, repoName: PACKAGE, files };
  }
  return undefined;
}

/** Empty if there is no such folder. */
async function scriptsBelow(folder: vscode.Uri, path: string): Promise<SourcePlace[]> {
  const places: SourcePlace[] = [];
  for (const [name, type] of await entriesOf(folder)) {
    const place = { uri: vscode.Uri.joinPath(folder, name), path: `${path}/${name}` };
    if (type === vscode.FileType.Directory) {
      places.push(...(await scriptsBelow(place.uri, place.path)));
    } else if (type === vscode.FileType.File && name.endsWith(".js")) places.push(place);
  }
  return places;
}

async function entriesOf(folder: vscode.Uri): Promise<[string, vscode.FileType][]> {
  try {
    return await vscode.workspace.fs.readDirectory(folder);
  } catch (error) {
    if (error instanceof vscode.FileSystemError) return [];
    throw error;
  }
}

async function versionOf(root: vscode.Uri): Promise<string> {
  const manifest = vscode.Uri.joinPath(root, "package.json");
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(manifest));
  const { version } = JSON.parse(text) as { version?: unknown };
  return typeof version === "string" ? version : "";
}

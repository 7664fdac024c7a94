/**
 * Builds and packs the extension for this platform: `node tooling/packageVsix.ts [--out FILE]`. Everything is staged in
 * a temporary folder; neither the network nor the working tree's node_modules is touched.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { runtimePackageFolders } from "./runtimePackages.ts";
import {
  EXTENSION_PAGE,
  isOwnFilePacked,
  isPackageFilePacked,
  nativePackages,
  PACKAGED_MODULES,
  packedManifest,
  packedPage,
  repositoryPage,
  targetOf,
} from "./vsixContents.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

/** A file of the VSIX: where it lies, and where it goes. */
export interface PackedFile {
  readonly from: string;
  /** Relative, with forward slashes. */
  readonly to: string;
}

/** Files below a folder, relative and with forward slashes, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** Everything that goes into the VSIX of this platform, the manifest apart. */
export async function packedFiles(repository = REPOSITORY): Promise<PackedFile[]> {
  const root = resolve(repository);
  const own = [
    ...(await readdir(root)),
    ...(
      await Promise.all(
        ["dist", "l10n", "models", "media"].map(async (folder) =>
          (await filesBelow(join(root, folder))).map((path) => `${folder}/${path}`),
        ),
      )
    ).flat(),
  ].filter(isOwnFilePacked);
  const native = nativePackages(targetOf(process.platform, process.arch));
  const folders = [
    ...(await runtimePackageFolders(root)),
    ...native.map((name) => `node_modules/${name}`),
  ];
  const fromPackages = await Promise.all(
    folders.map(async (folder) => {
      const name = folder.replace(/^.*node_modules\//, "");
      const paths = (await filesBelow(join(root, folder))).filter((path) =>
        isPackageFilePacked(name, path),
      );
      return paths.map((path) => ({
        from: join(root, folder, path),
        to: `${folder.replace("node_modules", PACKAGED_MODULES)}/${path}`,
      }));
    }),
  );
  return [...own.map((path) => ({ from: join(root, path), to: path })), ...fromPackages.flat()];
}

async function stage(folder: string): Promise<void> {
  for (const { from, to } of await packedFiles()) {
    if (to === "package.json") continue;
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await cp(from, join(folder, to));
  }
  const manifest = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8"));
  await writeFile(
    join(folder, "package.json"),
    `${JSON.stringify(packedManifest(manifest), undefined, 2)}\n`,
  );
  const page = await readFile(join(REPOSITORY, EXTENSION_PAGE), "utf8");
  await writeFile(
    join(folder, "README.md"),
    packedPage(page, repositoryPage(manifest.repository.url)),
  );
}

/** Builds, stages and packs; returns the VSIX's path. */
export async function packageVsix(out?: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8"));
  const target = targetOf(process.platform, process.arch);
  const path = resolve(out ?? join(REPOSITORY, `treeline-${target}-${manifest.version}.vsix`));
  await run(process.execPath, ["esbuild.mjs"], { cwd: REPOSITORY });
  const folder = await mkdtemp(join(tmpdir(), "treeline-vsix-"));
  try {
    await stage(folder);
    const vsce = join(REPOSITORY, "node_modules/@vscode/vsce/vsce");
    const flags = [
      "--no-dependencies",
      "--allow-missing-repository",
      "--no-rewrite-relative-links",
    ];
    const args = [vsce, "package", "--target", target, "--out", path, ...flags];
    await run(process.execPath, args, { cwd: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  const path = await packageVsix(values.out);
  const { size } = await stat(path);
  process.stdout.write(
    `${path} ${(size / 1024 ** 2).toFixed(1)} MB\nTry it: code --install-extension ${path}\n`,
  );
}

/** Pinned packages of three registries, fetched to have their sources read: nothing of them is run or installed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface SourcePackage {
  readonly from: "npm" | "pypi" | "go";
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the archive; for Go the module's sum as go.sum has it. Any if absent. */
  readonly checksum?: string;
}

const STEP_MS = 300_000;

/** Runs a program to its end. @throws Error with what it printed if it fails. */
export function run(command: string, args: readonly string[], cwd: string, input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...{ cwd, input, encoding: "utf8", timeout: STEP_MS, maxBuffer: 1 << 28 },
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args[0] ?? ""} failed: ${error?.message ?? stderr.trim()}`);
}

/**
 * @param work - an empty folder to unpack in; Go has its own.
 * @param isSource - of PyPI the source distribution in place of the wheel.
 * @returns where the package's files lie.
 * @throws Error where it cannot be had, or is another file.
 */
export function fetchPackage(
  { from, name, version, checksum }: SourcePackage,
  work: string,
  isSource = false,
): string {
  process.stdout.write(`${name} ${version}\n`);
  const check = (found: string) => {
    if (checksum === undefined || found === checksum) return;
    throw new Error(
      `${name}: expected the checksum ${checksum}, found ${found}. It is another file.`,
    );
  };
  if (from === "go") {
    const args = ["mod", "download", "-json", `${name}@${version}`];
    const found: { Dir: string; Sum: string } = JSON.parse(run("go", args, work));
    check(found.Sum);
    return found.Dir;
  }
  if (from === "npm") {
    run("npm", ["pack", "--silent", "--ignore-scripts", `${name}@${version}`], work);
  } else {
    const kind = isSource ? "--no-binary=:all:" : "--only-binary=:all:";
    const args = ["-m", "pip", "download", "-q", "--no-deps", kind, "--dest", "."];
    run("python3", [...args, `${name}==${version}`], work);
  }
  const archive = readdirSync(work).find((file) => /\.(tgz|tar\.gz|whl)$/.test(file));
  if (archive === undefined) throw new Error(`${name} ${version}: expected an archive, found none`);
  const bytes = readFileSync(join(work, archive));
  check(createHash("sha256").update(bytes).digest("hex"));
  const unpacked = join(work, "unpacked");
  mkdirSync(unpacked);
  if (archive.endsWith(".whl")) {
    run("python3", ["-m", "zipfile", "-e", archive, "unpacked"], work);
    return unpacked;
  }
  run("tar", ["-xzf", archive, "-C", "unpacked"], work);
  return join(unpacked, readdirSync(unpacked)[0] ?? "");
}

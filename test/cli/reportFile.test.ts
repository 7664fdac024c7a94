/** A report's place: what is refused beforehand, and what becomes of a file that is there. */
import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkReportFile, writeReportFile } from "../../src/cli/bench/reportFile.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-report-"));
});
afterEach(() => rm(folder, { recursive: true }));

const run = promisify(execFile);
/** Permissions bind everybody but root. */
const isRoot = process.getuid?.() === 0;
const isWindows = process.platform === "win32";

describe("checkReportFile", () => {
  test.each([
    ["missing/report.md", /expected an existing folder, found none\. Create it or correct/],
    ["taken", /expected a file's name, found a folder.* Choose another name/],
    ["file/report.md", /expected an existing folder, found none/],
    [`${"long".repeat(100)}.md`, /expected a place that can be written, found ENAMETOOLONG/],
  ])("refuses %s, and leaves nothing behind", async (path, message) => {
    await mkdir(join(folder, "taken"));
    await writeFile(join(folder, "file"), "kept");
    const refused = checkReportFile(join(folder, path));
    await expect(refused).rejects.toMatchObject({
      code: "writeFailed",
      message: expect.stringMatching(message),
    });
    expect(await readdir(folder)).toEqual(["file", "taken"]);
    expect(await readFile(join(folder, "file"), "utf8")).toBe("kept");
  });

  test.skipIf(isRoot || isWindows)("refuses what is write-protected", async () => {
    const path = join(folder, "report.md");
    await writeFile(path, "kept", { mode: 0o400 });
    const refusal = { message: expect.stringMatching(/a place that can be written, found EACCES/) };
    await expect(checkReportFile(path)).rejects.toMatchObject(refusal);
    await chmod(folder, 0o500);
    await expect(checkReportFile(join(folder, "new.md"))).rejects.toMatchObject(refusal);
    await chmod(folder, 0o700);
  });

  test.skipIf(process.platform !== "linux")("refuses a folder that nobody can write", async () => {
    await expect(checkReportFile("/sys/kernel/report.md")).rejects.toMatchObject({
      message: expect.stringMatching(/a place that can be written, found E(ACCES|PERM|ROFS)/),
    });
  });

  test("leaves a file as it is that will be replaced, and makes none that will be new", async () => {
    const path = join(folder, "report.md");
    await writeFile(path, "the report before");
    await checkReportFile(path);
    await checkReportFile(join(folder, "new.md"));
    expect(await readdir(folder)).toEqual(["report.md"]);
    expect(await readFile(path, "utf8")).toBe("the report before");
  });
});

describe("writeReportFile", () => {
  test("replaces a file, and the one that a link names", async () => {
    const path = join(folder, "report.md");
    const link = join(folder, "link.md");
    await writeFile(path, "a report before, and a longer one");
    if (!isWindows) await symlink(path, link);
    await writeReportFile(isWindows ? path : link, "the report ✓\n");
    expect(await readFile(path, "utf8")).toBe("the report ✓\n");
    if (!isWindows) expect((await lstat(link)).isSymbolicLink()).toBe(true);
    await rm(link, { force: true });
    expect(await readdir(folder)).toEqual(["report.md"]);
  });

  test.skipIf(isWindows)("writes to a pipe, which cannot be replaced", async () => {
    const pipe = join(folder, "pipe");
    await run("mkfifo", [pipe]);
    await checkReportFile(pipe);
    const [text] = await Promise.all([readFile(pipe, "utf8"), writeReportFile(pipe, "report\n")]);
    expect(text).toBe("report\n");
    expect((await lstat(pipe)).isFIFO()).toBe(true);
  });
});

describe("npm run bench", () => {
  test("refuses an --out that it could not write before it measures", async () => {
    const script = join(import.meta.dirname, "../../tooling/runBench.ts");
    const out = join(folder, "missing/report.md");
    const failure = await run(process.execPath, [script, "--out", out]).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^error: Output .*: expected an existing folder, found none/),
    });
  });

  test("refuses to replace a file in which nobody marked what is its own", async () => {
    const script = join(import.meta.dirname, "../../tooling/runBench.ts");
    const out = join(folder, "notes.md");
    await writeFile(out, "mine\n");
    const failure = await run(process.execPath, [script, "--out", out]).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: Expected the line <!-- /),
    });
    expect(await readFile(out, "utf8")).toBe("mine\n");
  });
});

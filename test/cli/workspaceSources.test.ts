import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliError } from "../../src/cli/base/cliError.ts";
import { readWorkspaceSources } from "../../src/cli/sources/workspaceSources.ts";
import { NEVER } from "../support/never.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-workspace-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

const read = () => readWorkspaceSources(".", folder, NEVER);

describe("readWorkspaceSources", () => {
  test("takes source files in a fixed order, with forward slashes", async () => {
    await write("b.py", "print(1)\n");
    await write("src/deep/a.ts", "const a = 1;\n");
    await write("README.md", "# no code\n");
    await write("package-lock.json", "{}\n");
    const sources = await read();
    expect(sources.files).toEqual([
      { path: "b.py", text: "print(1)\n" },
      { path: "src/deep/a.ts", text: "const a = 1;\n" },
    ]);
    expect(sources.repoName).toBe(basename(folder));
    expect(sources.origin).toBe(`${basename(folder)} (2 files, 1 kB)`);
  });

  test("leaves out what nobody wrote, and what is nobody's business", async () => {
    const code = "const a = 1;\n";
    await write("kept.ts", code);
    await write("node_modules/x/index.js", code);
    await write("dist/bundle.js", code);
    await write(".git/hook.py", code);
    await write(".env.ts", code);
    await write("app.min.js", code);
    await write("minified.js", `${"a=1;".repeat(400)}\n`);
    await write("huge.ts", "const a = 1;\n".repeat(25_000));
    await write("binary.c", Uint8Array.of(0x23, 0, 0x24));
    await write("latin1.c", Uint8Array.of(0x2f, 0x2f, 0xe4, 0x0a));
    await symlink(folder, join(folder, "loop"));
    expect((await read()).files.map(({ path }) => path)).toEqual(["kept.ts"]);
  });

  test("heeds .gitignore at every level, as the index does", async () => {
    await write(".gitignore", "generated/\r\nlocal?.ts\r\n*.pb.go\r\n");
    await write("src/.gitignore", "!local1.ts\n");
    for (const path of [
      "generated/a.ts",
      "local1.ts",
      "api.pb.go",
      "src/local1.ts",
      "src/local2.ts",
      "src/private/a.ts",
    ]) {
      await write(path, "const a = 1;\n");
    }
    expect((await read()).files.map(({ path }) => path)).toEqual([
      "src/local1.ts",
      "src/private/a.ts",
    ]);
  });

  test("refuses a folder without code, a file, and nothing", async () => {
    await expect(read()).rejects.toThrow(CliError);
    await write("a.ts", "const a = 1;\n");
    await expect(readWorkspaceSources("a.ts", folder, NEVER)).rejects.toThrow("found a file");
    await expect(readWorkspaceSources("nowhere", folder, NEVER)).rejects.toThrow(
      "Expected a folder",
    );
  });
});

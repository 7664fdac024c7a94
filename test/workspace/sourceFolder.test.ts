import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rebasedRule } from "../../src/workspace/ignoreRules.ts";
import { openSourceFolder } from "../../src/workspace/sourceFolder.ts";
import { NEVER } from "../support/never.ts";
import { hasOddFiles, ODD_FILES } from "../support/oddFiles.ts";
import { threadMs } from "../support/threadMs.ts";

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "treeline-sources-")));
});
afterEach(() => rm(folder, { recursive: true }));

const CODE = "const a = 1;\n";

async function write(path: string, content: string | Uint8Array = CODE): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function walk(root = "", excludes: readonly string[] = [], below = ""): Promise<string[]> {
  const sources = await openSourceFolder(join(folder, root), excludes, NEVER);
  const paths: string[] = [];
  for await (const { path } of sources.walk(NEVER, { below })) {
    paths.push(path);
    // What the walk finds and what a single look says are the same.
    expect(await sources.kindOf(path), path).toBe("file");
  }
  return paths;
}

describe("SourceFolder.walk", () => {
  test("finds sources in a fixed order, with size and time", async () => {
    await write("b.py");
    await write("src/deep/a.ts");
    await write("src/z.ts");
    await write("README.md");
    await utimes(join(folder, "b.py"), 1000, 1234.5);
    expect(await walk()).toEqual(["b.py", "src/z.ts", "src/deep/a.ts"]);
    expect(await walk("", [], "src/deep")).toEqual(["src/deep/a.ts"]);
    const sources = await openSourceFolder(folder, [], NEVER);
    const { value } = await sources.walk(NEVER).next();
    expect(value).toEqual({ path: "b.py", numBytes: CODE.length, changedAt: 1_234_500 });
  });

  test("heeds every .gitignore, the deeper one last, and .git/info/exclude", async () => {
    await write(".git/info/exclude", "local.ts\n");
    await write(".gitignore", "*.gen.ts\n/top.ts\ntmp/\r\n");
    await write("src/.gitignore", "!kept.gen.ts\n/own.ts\n# a comment\nlogs\n");
    for (const path of [
      "a.gen.ts",
      "top.ts",
      "own.ts",
      "tmp/a.ts",
      "src/a.gen.ts",
      "src/kept.gen.ts",
      "src/top.ts",
      "src/own.ts",
      "src/deep/own.ts",
      "src/deep/logs/a.ts",
      "src/deep/local.ts",
    ]) {
      await write(path);
    }
    expect(await walk()).toEqual(["own.ts", "src/kept.gen.ts", "src/top.ts", "src/deep/own.ts"]);
  });

  test("heeds the repository that the folder is a part of, also from a worktree", async () => {
    await write("main/.git/info/exclude", "local.ts\n");
    await write("main/.git/worktrees/w/commondir", "../..\n");
    await write("w/.git", `gitdir: ${join(folder, "main/.git/worktrees/w")}\n`);
    await write("w/.gitignore", "*.gen.ts\n/packages/a/top.ts\n");
    for (const name of ["a.ts", "a.gen.ts", "top.ts", "local.ts"]) {
      await write(`w/packages/a/src/${name}`);
    }
    await write("w/packages/a/top.ts");
    expect(await walk("w/packages/a")).toEqual(["src/a.ts", "src/top.ts"]);
  });

  test("serves a folder that its repository ignores", async () => {
    await write(".git/HEAD", "");
    await write(".gitignore", "scratch/\n*.gen.ts\n");
    await write("scratch/a.ts");
    await write("scratch/.gitignore", "b.ts\n");
    await write("scratch/b.ts");
    expect(await walk()).toEqual([]);
    expect(await walk("scratch")).toEqual(["a.ts"]);
  });

  test("reads rules behind a byte order mark, and without one", async () => {
    await write("nested/.gitignore", "\u{feff}private/\n");
    await write(".git/info/exclude", "\u{feff}local.ts\n");
    for (const path of ["nested/private/a.ts", "nested/a.ts", "private/a.ts", "local.ts"]) {
      await write(path);
    }
    expect(await walk()).toEqual(["nested/a.ts", "private/a.ts"]);
  });

  test.runIf(hasOddFiles)("follows links to git's own rules, as git does", async () => {
    await write("dotfiles/exclude", "local.ts\n");
    await write("a/local.ts");
    await write("a/b.ts");
    await mkdir(join(folder, "a/.git/info"), { recursive: true });
    await symlink(join(folder, "dotfiles/exclude"), join(folder, "a/.git/info/exclude"));
    expect(await walk("a")).toEqual(["b.ts"]);
  });

  test.runIf(hasOddFiles).each(Object.keys(ODD_FILES))(
    "is stopped by no file of rules that is %s",
    async (name) => {
      const oddFile = ODD_FILES[name]!;
      await mkdir(join(folder, "top/.git/info"), { recursive: true });
      await oddFile(join(folder, "top/.git/info/exclude"));
      for (const path of ["top/a/b.ts", "tree/b.ts", "linked/b.ts"]) await write(path);
      for (const path of ["top", "top/a"]) await oddFile(join(folder, path, ".gitignore"));
      await oddFile(join(folder, "tree/.git"));
      await oddFile(join(folder, "odd"));
      await write("linked/.git", `gitdir: ${join(folder, "odd")}\n`);
      expect(await walk("top")).toEqual(["a/b.ts"]);
      expect(await walk("top/a")).toEqual(["b.ts"]);
      expect(await walk("tree")).toEqual(["b.ts"]);
      expect(await walk("linked")).toEqual(["b.ts"]);
    },
  );

  test("takes whole lines alone where a file of rules is too long", async () => {
    const maxBytes = 128 * 1024;
    const start = `own.ts\n${"# a comment\n".repeat(20_000)}`.slice(0, maxBytes - 2);
    await write(".gitignore", `${start}\n*.txt\na.ts\n`);
    for (const path of ["own.ts", "a.ts"]) await write(path);
    expect(await walk()).toEqual(["a.ts"]);
  });

  test("heeds exclude patterns, which no .gitignore takes back", async () => {
    await write(".gitignore", "!out/\n!a.ts\n");
    for (const path of ["a.ts", "b.ts", "legacy/a.ts", "src/legacy/a.ts", "x.snap.ts"]) {
      await write(path);
    }
    expect(await walk("", ["**/legacy", "*.snap.{ts,js}", "a.ts"])).toEqual(["b.ts"]);
  });

  test("follows no link, neither to a file nor through a folder, and no endless one", async () => {
    await write("outside/a.ts");
    await write("inside/b.ts");
    await symlink(join(folder, "outside"), join(folder, "inside/away"));
    await symlink(join(folder, "inside"), join(folder, "inside/loop"));
    await symlink(join(folder, "outside/a.ts"), join(folder, "inside/a.ts"));
    expect(await walk("inside")).toEqual(["b.ts"]);
    const sources = await openSourceFolder(join(folder, "inside"), [], NEVER);
    for (const path of ["away/a.ts", "loop/b.ts", "a.ts", "away", "loop"]) {
      expect(await sources.kindOf(path), path).toBeUndefined();
    }
    expect(await sources.read("a.ts")).toBeUndefined();
  });

  test("ends with its signal, and enters no folder that is left to another root", async () => {
    await write("a.ts");
    await write("other/b.ts");
    const sources = await openSourceFolder(folder, [], NEVER);
    const except = new Set([join(folder, "other")]);
    const found: string[] = [];
    for await (const { path } of sources.walk(NEVER, { except })) found.push(path);
    expect(found).toEqual(["a.ts"]);
    await expect(sources.walk(AbortSignal.abort()).next()).rejects.toThrow(/abort/i);
    const lifetime = new AbortController();
    const ended = await openSourceFolder(folder, [], lifetime.signal);
    lifetime.abort();
    await expect(ended.read("a.ts")).rejects.toThrow(/abort/i);
    await expect(ended.kindOf("other/b.ts")).rejects.toThrow(/abort/i);
    await expect(openSourceFolder(folder, [], lifetime.signal)).rejects.toThrow(/abort/i);
  });
});

describe("SourceFolder.kindOf and read", () => {
  test("tell files from folders, and both from what does not belong", async () => {
    await write("src/a.ts");
    await write("src/b.md");
    await write("node_modules/x/a.ts");
    await write("ignored/a.ts");
    await write(".gitignore", "ignored\n");
    const sources = await openSourceFolder(folder, [], NEVER);
    expect(await sources.kindOf("src/a.ts")).toBe("file");
    expect(await sources.kindOf("src")).toBe("folder");
    for (const path of ["src/b.md", "gone.ts", "node_modules", "node_modules/x/a.ts", "ignored"]) {
      expect(await sources.kindOf(path), path).toBeUndefined();
    }
    expect(await sources.kindOf("ignored/a.ts")).toBeUndefined();
    expect(await sources.kindOf("src/a.ts/b.ts")).toBeUndefined();
  });

  test("read text up to a size, and nothing else", async () => {
    await write("a.ts");
    await write("key.ts", `${["-----BEGIN EC", "PRIVATE KEY-----"].join(" ")}\n`);
    await write("binary.c", Uint8Array.of(1, 0, 2));
    await write("folder.ts/a.ts");
    const sources = await openSourceFolder(folder, [], NEVER);
    expect(await sources.read("a.ts")).toMatchObject({ text: CODE, numBytes: CODE.length });
    expect(await sources.read("a.ts", CODE.length - 1)).toBeUndefined();
    for (const path of ["key.ts", "binary.c", "folder.ts", "gone.ts"]) {
      expect(await sources.read(path), path).toBeUndefined();
    }
  });

  test.runIf(process.platform !== "win32")("wait for no pipe", async () => {
    execFileSync("mkfifo", [join(folder, "pipe.ts")]);
    await write("a.ts");
    expect(await walk()).toEqual(["a.ts"]);
    const sources = await openSourceFolder(folder, [], NEVER);
    expect(await sources.read("pipe.ts")).toBeUndefined();
  });
});

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

/** What git itself leaves out is the oracle. */
describe.runIf(hasGit)("ignore rules", () => {
  const FOLDERS = ["", "a", "b", "a/b", "a/b/a", "c d"];
  const NAMES = ["a.ts", "b.ts", "ab.ts", "!a.ts", "#b.ts", "c d.ts"];
  const segment = fc.constantFrom(
    ...["a", "b", "*", "**", "a*", "*b", "?", "[ab]", "[!a]", "*.ts", "a.ts", "b.ts", "?b.ts"],
    ...["c d", "c\\ d.ts", "\\!a.ts", "\\#b.ts"],
  );
  const rule = fc
    .record({
      sign: fc.constantFrom("", "", "!"),
      start: fc.constantFrom("", "", "/", "**/"),
      segments: fc.array(segment, { minLength: 1, maxLength: 3 }),
      end: fc.constantFrom("", "", "/", "/**", " "),
    })
    .map(({ sign, start, segments, end }) => `${sign}${start}${segments.join("/")}${end}`);
  const rules = fc.array(rule, { minLength: 1, maxLength: 4 });

  test("leave out what git leaves out", async () => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "core.excludesFile=", ...args], { cwd: folder }).toString();
    git("init", "-q");
    for (const one of FOLDERS) for (const name of NAMES) await write(join(one, name));
    const property = fc.asyncProperty(
      fc.dictionary(fc.constantFrom(...FOLDERS), rules, { minKeys: 1, maxKeys: 3 }),
      rules,
      async (files, own) => {
        for (const one of FOLDERS) {
          const lines = files[one];
          await write(join(one, ".gitignore"), lines === undefined ? "" : `${lines.join("\n")}\n`);
        }
        await write(".git/info/exclude", own.join("\n"));
        const expected = git("ls-files", "-z", "--others", "--exclude-standard")
          .split("\0")
          .filter((path) => path.endsWith(".ts"));
        expect((await walk()).sort()).toEqual(expected.sort());
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test("that would take forever to try are cut short", async () => {
    const deep = Array.from({ length: 38 }, () => "a").join("/");
    await write(`${deep}/b.ts`);
    await write("a/.gitignore", `${"**/a/".repeat(30)}c\n${"*a".repeat(60)}c\n`);
    const start = threadMs();
    await walk();
    expect(threadMs() - start).toBeLessThan(5_000);
    expect(rebasedRule("a".repeat(5_000), "x")).toBeUndefined();
    expect(rebasedRule("a\0b", "x")).toBeUndefined();
    expect(rebasedRule("!**/a/**/b/**/c/**/d/**/e", "x")).toBeUndefined();
    expect(rebasedRule("**/a/**/b/**/c/**/d/**/e", "x")).toBe("/x/**/a/**/b/**/c/**");
  });
});

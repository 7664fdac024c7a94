import { describe, expect, test } from "vitest";
import { importedFiles, importedFolders } from "../../src/core/index/importedFiles.ts";
import { threadMs } from "../support/threadMs.ts";

const FILES = [
  "ws/src/a.ts",
  "ws/src/b.tsx",
  "ws/src/b.css",
  "ws/src/lib/index.ts",
  "ws/src/lib/c.mts",
  "ws/top.js",
  "ws/pkg/__init__.py",
  "ws/pkg/mod.py",
  "ws/pkg/sub/deep.py",
  "ws/inc/x.h",
];

function imported(text: string, folder = "ws/src"): string[] {
  return [...importedFiles(text, folder, (path) => (FILES.includes(path) ? path : undefined))];
}

describe("importedFiles", () => {
  test.each([
    ['import { a } from "./a.ts";', ["ws/src/a.ts"]],
    ["import { a } from './a.js'", ["ws/src/a.ts"]],
    ['import {\n  b,\n} from "./b";', ["ws/src/b.tsx"]],
    ['import "./b.css";', ["ws/src/b.css"]],
    ['export * from "./lib";', ["ws/src/lib/index.ts"]],
    ['const c = await import( "./lib/c.mjs" );', ["ws/src/lib/c.mts"]],
    ['const top = require("../top");', ["ws/top.js"]],
    ['@use "./b";', ["ws/src/b.tsx"]],
    ['import x from "lodash"; import y from "a";', []],
    ['import { a } from "./gone"; import { a } from "../../../../src/a";', []],
  ])("%s", (text, expected) => expect(imported(text)).toEqual(expected));

  test("knows Python's dots and C's quotes", () => {
    expect(imported("from .mod import x\nfrom . import y\n", "ws/pkg")).toEqual([
      "ws/pkg/mod.py",
      "ws/pkg/__init__.py",
    ]);
    expect(imported("from ..sub.deep import z\n", "ws/pkg/sub")).toEqual(["ws/pkg/sub/deep.py"]);
    expect(imported('#include <stdio.h>\n  # include "../inc/x.h"\n')).toEqual(["ws/inc/x.h"]);
  });

  test("finds Python's modules by their names from a folder above on, and modules among what is imported", () => {
    expect(imported("from pkg.mod import x\nimport pkg.sub.deep\n", "ws/pkg/sub")).toEqual([
      "ws/pkg/mod.py",
      "ws/pkg/sub/deep.py",
    ]);
    expect(imported("from pkg import mod, gone\n", "ws/tests/unit")).toEqual([
      "ws/pkg/__init__.py",
      "ws/pkg/mod.py",
    ]);
    expect(imported("from . import mod\n", "ws/pkg")).toContain("ws/pkg/mod.py");
    expect(imported("    from .mod import late\n", "ws/pkg")).toEqual(["ws/pkg/mod.py"]);
    expect(imported("from os import path\nimport numpy as np\nfrom  import x\n", "ws/pkg")).toEqual(
      [],
    );
  });

  test("finds Go's packages by the end of their path", () => {
    const folders = ["ws/mcp", "ws/server", "ws/internal/json", "other/mcp", "ws/json"];
    const text = [
      "package server",
      'import "fmt"',
      "import (",
      '\t"encoding/json"',
      '\tm "github.com/who/mcp-go/mcp"',
      '\t"github.com/who/mcp-go/internal/json"',
      '\t"github.com/who/mcp-go/server"',
      ")",
    ].join("\n");
    const found = importedFolders(text, "ws/server", (folder) => folders.includes(folder));
    expect([...found]).toEqual(["ws/mcp", "ws/internal/json"]);
  });

  test("names each file once, and is quick about the worst text", () => {
    expect(imported('import "./a"; import "./a.ts";')).toEqual(["ws/src/a.ts"]);
    const start = threadMs();
    for (const part of [
      'import "./',
      "from ",
      "import ( ",
      "#",
      "from ....",
      " \t",
      "from a import b,",
      "import a.",
      '"a/',
    ]) {
      imported(part.repeat(20_000));
      importedFolders(part.repeat(20_000), "ws/src", () => false);
    }
    expect(threadMs() - start).toBeLessThan(500);
  });
});

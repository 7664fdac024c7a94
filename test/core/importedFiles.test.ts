import { describe, expect, test } from "vitest";
import { importedFiles } from "../../src/core/importedFiles.ts";

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

  test("names each file once, and is quick about the worst text", () => {
    expect(imported('import "./a"; import "./a.ts";')).toEqual(["ws/src/a.ts"]);
    const start = performance.now();
    for (const part of ['import "./', "from ", "import ( ", "#", "from ....", " \t"]) {
      imported(part.repeat(20_000));
    }
    expect(performance.now() - start).toBeLessThan(500);
  });
});

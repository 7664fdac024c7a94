import { describe, expect, test } from "vitest";
import { judgeRooms } from "../../tooling/checkRooms.ts";

const rooms = { "low/base": "", "low/tree": "low/* | node", high: "low/* | vscode" };
const whole = [
  { path: "low/base/a.ts", text: "export const a = 1;\n" },
  {
    path: "low/tree/b.ts",
    text: 'import { join } from "node:path";\nimport {\n  a,\n} from "../base/a.ts";\n',
  },
  { path: "high/c.ts", text: 'export { b } from "../low/tree/b.ts";\nimport "vscode";\n' },
];
const faultsWith = (path: string, text: string) => judgeRooms(rooms, [...whole, { path, text }]);

describe("judgeRooms", () => {
  test("has nothing to say of rooms that import as they may", () => {
    expect(judgeRooms(rooms, whole)).toEqual([]);
  });

  test.each([
    ["of a room above", "low/tree/d.ts", 'import type { C } from "../../high/c.ts";\n', "above it"],
    ["that is not named", "low/base/d.ts", 'import { readFileSync } from "node:fs";\n', "nothing"],
    ["of a part of a package", "high/d.ts", 'import x from "@a/b/c.js";\n', "high may import"],
    ["while it runs", "low/tree/d.ts", 'const x = await import("vscode");\n', "low/tree may"],
    ["again as its own", "low/tree/d.ts", 'export * from "vscode";\n', "low/tree may import"],
    [
      "that reaches the network",
      "low/tree/d.ts",
      'import { connect } from "node:net";\n',
      "low/tree may",
    ],
    [
      "that does so by another name",
      "low/tree/d.ts",
      'import * as h from "http";\n',
      "low/tree may",
    ],
    ["over several lines", "low/base/d.ts", 'import {\n  b,\n} from "../tree/b.ts";\n', "above it"],
  ])("names an import %s", (_, path, text, fault) => {
    expect(faultsWith(path, text)).toEqual([expect.stringContaining(fault)]);
  });

  test("names a call that reaches the network, where the room may not", () => {
    const text = 'const answer = await fetch("http://a");\nprefetch("b");\n';
    expect(faultsWith("low/tree/d.ts", text)).toEqual([
      "low/tree/d.ts calls fetch: low/tree may not reach the network",
    ]);
  });

  test("names a room that the table lacks, one that is empty, and what is too long or too full", () => {
    expect(faultsWith("other/d.ts", "")).toEqual([expect.stringContaining("does not name")]);
    expect(judgeRooms({ ...rooms, gone: "" }, whole)).toEqual(["gone is empty"]);
    expect(faultsWith("high/d.ts", "\n".repeat(400))).toEqual([
      expect.stringContaining("400 lines"),
    ]);
    const many = Array.from({ length: 16 }, (_, i) => ({ path: `high/n${i}.ts`, text: "" }));
    expect(judgeRooms(rooms, [...whole, ...many])).toEqual(["high has 17 files, more than 16"]);
  });
});

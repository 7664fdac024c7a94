import { describe, expect, test } from "vitest";
import { WorkspacePaths } from "../../src/engine/indexing/workspacePaths.ts";

describe("WorkspacePaths", () => {
  const paths = new WorkspacePaths([
    { path: "/work/app", name: "app" },
    { path: "/work/app/inner/", name: "inner" },
    { path: "/other/app", name: "app" },
    { path: "vscode-vfs://github/owner/repo", name: "repo" },
  ]);

  test("find a file in the innermost root, under a name of its own", () => {
    expect(paths.find("/work/app/a/b.ts")).toEqual({
      rootIndex: 0,
      path: "a/b.ts",
      key: "app/a/b.ts",
    });
    expect(paths.find("/work/app/inner/b.ts")).toMatchObject({ rootIndex: 1, key: "inner/b.ts" });
    expect(paths.find("/other/app/b.ts")).toMatchObject({ rootIndex: 2, key: "app:2/b.ts" });
    expect(paths.find("vscode-vfs://github/owner/repo/b.ts")?.key).toBe("repo/b.ts");
    expect(paths.find("/work/app")).toEqual({ rootIndex: 0, path: "", key: "app" });
    expect(paths.keyOf(2, "b.ts")).toBe("app:2/b.ts");
  });

  test.each([
    "/work",
    "/work/application/a.ts",
    "/work/app/../x.ts",
    "/work/app/./x.ts",
    "",
    "a.ts",
  ])("find nothing for %s", (path) => expect(paths.find(path)).toBeUndefined());
});

import { beforeEach, expect, test } from "vitest";
import { placeOf } from "../../src/ui/base/placeOfDocument.ts";
import { resetVscode, Uri } from "../fakes/fakeVscode.ts";

beforeEach(() => resetVscode());

const placeAt = (scheme: string, path: string) =>
  placeOf({ uri: Uri.from({ scheme, path }) } as never);

test("a document of the workspace has its place there, any other its path alone", () => {
  const inside = { filePath: "src/a.ts", repoName: "ws", documentPath: "/ws/src/a.ts" };
  expect(placeAt("file", "/ws/src/a.ts")).toEqual(inside);
  expect(placeAt("file", "/home/me/.netrc")).toEqual({ documentPath: "/home/me/.netrc" });
  expect(placeAt("untitled", "Untitled-1")).toEqual({ documentPath: "untitled:Untitled-1" });
});

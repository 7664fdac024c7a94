import { afterEach, expect, test } from "vitest";
import { languageName } from "../../src/ui/base/languageName.ts";
import { extensions } from "../fakes/fakeVscode.ts";

afterEach(() => {
  extensions.all = [];
});

function contribute(languages: unknown): void {
  extensions.all.push({ id: "a.b", isActive: true, packageJSON: { contributes: { languages } } });
}

test("is what the first extension calls it that names it", () => {
  contribute([{ id: "typescript", aliases: [] }, { id: "typescriptreact" }]);
  contribute([{ id: "typescriptreact", aliases: ["TypeScript JSX", "tsx"] }]);
  contribute([{ id: "typescriptreact", aliases: ["Other"] }]);
  expect(languageName("typescriptreact")).toBe("TypeScript JSX");
});

test("plain text is VS Code's own", () => {
  expect(languageName("plaintext")).toBe("Plain Text");
});

test("is the id where no extension has a name, or not one that can be read", () => {
  extensions.all.push({ id: "a.none", isActive: true });
  contribute("odd");
  contribute([{ id: "zig", aliases: "Zig" }, { aliases: ["Nameless"] }]);
  contribute([{ id: "zig", aliases: [7] }]);
  expect(languageName("zig")).toBe("zig");
});

import { describe, expect, test } from "vitest";
import {
  excludeGlob,
  expandBraces,
  isGeneratedPath,
  isSecretPath,
  SOURCE_GLOB,
  sourceTextOf,
} from "../../src/ui/sourceFilter.ts";

describe("isSecretPath", () => {
  test.each([
    ".env",
    "app/.env.local",
    ".npmrc",
    "deploy/id_rsa",
    "deploy/id_ed25519.pub",
    "tls/server.key",
    "tls/server.PEM",
    "tls/ca.crt",
    "src/secrets.py",
    "src/aws-credentials.ts",
    "src/db_password.rb",
    "src/api-keys.js",
    ".ssh/config.sh",
    "home/.aws/setup.py",
    "ops/secrets/staging.ts",
  ])("%s", (path) => expect(isSecretPath(path)).toBe(true));

  test.each([
    "src/environment.ts",
    "src/keyboard.ts",
    "src/secretary.py",
    "src/passwordless.go",
    "src/tokens.ts",
    "src/pem.ts",
  ])("not %s", (path) => expect(isSecretPath(path)).toBe(false));
});

describe("isGeneratedPath", () => {
  test.each(["a.min.js", "lib-min.js", "b.bundle.js", "api.pb.go", "x_pb2.py", "y.g.dart"])(
    "%s",
    (path) => expect(isGeneratedPath(path)).toBe(true),
  );
  test.each(["admin.js", "bundle.ts", "generated.ts"])("not %s", (path) =>
    expect(isGeneratedPath(path)).toBe(false),
  );
});

describe("sourceTextOf", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("is the text, unchanged", () => {
    expect(sourceTextOf(bytes("const ä = 1;\n"))).toBe("const ä = 1;\n");
  });

  test.each([
    ["nothing", bytes(" \n")],
    ["binary data", Uint8Array.of(65, 0, 66)],
    ["another encoding", Uint8Array.of(0xe4, 0x20)],
    ["a private key", bytes('const k = "-----BEGIN RSA PRIVATE KEY-----";\n')],
    ["one endless line", bytes(`a\n${"x".repeat(2001)}\n`)],
    ["lines longer than people write", bytes(`${"x".repeat(300)}\n`.repeat(4))],
  ])("is undefined for %s", (_, content) => expect(sourceTextOf(content)).toBeUndefined());
});

describe("excludeGlob", () => {
  test("holds the patterns of both settings that are on, flat, and what lies below them", () => {
    const files = { "**/.git": true, "**/*.{js,map}": true, "**/kept": false };
    const search = { "**/node_modules": true, "a/**": true, "**/*.js": { when: "$(basename).ts" } };
    const patterns = excludeGlob(files, search).slice(1, -1).split(",");
    expect(patterns).toEqual(
      expect.arrayContaining(["**/.git", "**/.git/**", "**/*.js", "**/*.map", "a/**"]),
    );
    expect(patterns).not.toContain("**/kept");
    expect(patterns).not.toContain("a/**/**");
    expect(patterns.join("")).not.toMatch(/[{}]/);
    expect(new Set(patterns).size).toBe(patterns.length);
  });

  test("leaves out what was installed or built, whatever the settings say", () => {
    const glob = excludeGlob(undefined, null, "nonsense");
    expect(glob).toContain("**/node_modules/**");
    expect(glob).toContain("**/dist/**");
  });
});

describe("expandBraces", () => {
  test.each([
    ["a", ["a"]],
    ["{a,b}/c", ["a/c", "b/c"]],
    ["x{a,{b,c}}y", ["xay", "xby", "xcy"]],
    ["{a,b}{c,d}", ["ac", "ad", "bc", "bd"]],
  ])("%s", (pattern, expected) => {
    expect(expandBraces(pattern).sort()).toEqual([...expected].sort());
  });
});

describe("SOURCE_GLOB", () => {
  test("asks for source only", () => {
    const extensions = /\{(.*)\}/.exec(SOURCE_GLOB)?.[1]?.split(",") ?? [];
    expect(extensions).toEqual(expect.arrayContaining(["ts", "py", "rs", "cpp"]));
    for (const other of ["env", "pem", "json", "md", "lock"]) {
      expect(extensions).not.toContain(other);
    }
  });
});

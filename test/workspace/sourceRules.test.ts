import { describe, expect, test } from "vitest";
import {
  isGeneratedPath,
  isSecretPath,
  isSourcePath,
  isSourceText,
  SOURCE_GLOB,
  sourceTextOf,
} from "../../src/workspace/sourceRules.ts";
import { threadMs } from "../support/threadMs.ts";

describe("isSourcePath", () => {
  test.each(["a.ts", "src/deep/B.PY", "lib/x.test.js", "style.css", "a.b/c.d/e.rs"])("%s", (path) =>
    expect(isSourcePath(path)).toBe(true),
  );

  test.each([
    "README.md",
    "package.json",
    "ts",
    "src/noextension",
    ".eslintrc.js",
    ".next/server/page.js",
    "src/.cache/a.ts",
    "node_modules/x/index.js",
    "packages/a/dist/index.js",
    "app.min.js",
    ".env.ts",
    "src/secrets.py",
    "secrets/staging.ts",
    "tls/server.key",
  ])("not %s", (path) => expect(isSourcePath(path)).toBe(false));
});

describe("isSecretPath", () => {
  test.each([
    ".env",
    ".envrc",
    "app/.env.local",
    ".env-production",
    "prod.env",
    ".dev.vars",
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
    "src/private_key.go",
    ".ssh/config.sh",
    "home/.aws/setup.py",
    "ops/secrets/staging.ts",
    "ops/credentials/a.ts",
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

/** Not the real form of any credential that is in use; put together here, so that no scanner finds one in this file. */
const CREDENTIALS = [
  ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" "),
  ["-----BEGIN PGP", "PRIVATE KEY BLOCK-----"].join(" "),
  ["AKIA", "A".repeat(16)].join(""),
  ["ghp", "a".repeat(36)].join("_"),
  ["github_pat", "A1".repeat(15)].join("_"),
  ["xoxb", "1".repeat(12)].join("-"),
  ["AIza", "b".repeat(35)].join(""),
  ["sk_live", "c".repeat(24)].join("_"),
];

describe("sourceTextOf", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("is the text, unchanged", () => {
    expect(sourceTextOf(bytes("const ä = 1;\n"))).toBe("const ä = 1;\n");
    expect(sourceTextOf(bytes("no line end"))).toBe("no line end");
  });

  test.each([
    ["nothing", bytes(" \n")],
    ["binary data", Uint8Array.of(65, 0, 66)],
    ["another encoding", Uint8Array.of(0xe4, 0x20)],
    ["one endless line", bytes(`a\n${"x".repeat(2001)}\n`)],
    ["lines longer than people write", bytes(`${"x".repeat(300)}\n`.repeat(4))],
  ])("is undefined for %s", (_, content) => expect(sourceTextOf(content)).toBeUndefined());

  test.each(CREDENTIALS)("is undefined for what holds %s", (credential) => {
    expect(isSourceText(`const key = "${credential}";\n`)).toBe(false);
    expect(sourceTextOf(bytes(`// ${credential}\n`))).toBeUndefined();
  });

  test("takes text that only speaks of keys", () => {
    expect(isSourceText('if (text.includes("PRIVATE KEY")) reject("a key, AKIA…");\n')).toBe(true);
  });

  test("is quick about the worst text", () => {
    const start = threadMs();
    for (const part of ["-----BEGIN ", "sk-proj-", "AKIA", "\n", "xoxb-", "gh"]) {
      isSourceText(part.repeat(400_000 / part.length));
    }
    expect(threadMs() - start).toBeLessThan(2_000);
  });
});

describe("SOURCE_GLOB", () => {
  test("asks for source only", () => {
    const extensions = /\{(.*)\}/.exec(SOURCE_GLOB)?.[1]?.split(",") ?? [];
    expect(extensions).toEqual(expect.arrayContaining(["ts", "py", "rs", "cpp"]));
    for (const other of ["env", "pem", "json", "yml", "md", "lock"]) {
      expect(extensions).not.toContain(other);
    }
  });
});

/** What the index leaves on disk: nothing secret, for the user alone, and of no harm when it is damaged. */
import { readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytesOfTokens,
  learned,
  pathOf,
  rootAt,
  saved,
  startStore,
  storedFiles,
  until,
  useWorkspaceFolder,
  write,
} from "../support/workspaceFolder.ts";
import { brokenInvariant } from "../support/workspaceIntegrity.ts";

useWorkspaceFolder();

const CODE = "const a = 1;\n";

describe("what is kept on disk", () => {
  const CANARY = "CANARY-5f1d2c";

  test("is for the user alone, under names that tell nothing", async () => {
    await write("private project/x.ts", CODE);
    const { open } = startStore();
    open({ roots: [rootAt("private project")], storagePath: learned() });
    await saved();
    expect([...(await storedFiles()).keys()]).toEqual(["learned/workspace-index.bin"]);
    if (process.platform === "win32") return;
    expect((await stat(learned())).mode & 0o777).toBe(0o700);
    expect((await stat(join(learned(), "workspace-index.bin"))).mode & 0o777).toBe(0o600);
  });

  test("has no secret in it, nor has the index", async () => {
    const pem = (kind: string) => [`-----BEGIN ${kind}`, "PRIVATE KEY-----"].join(" ");
    const secret = `const secret = "${CANARY}";\n`;
    for (const path of [
      ".env",
      ".env.local.ts",
      ".envrc",
      "src/.env.production",
      "config/prod.env",
      "tls/server.key",
      "tls/server.pem",
      "tls/ca.crt",
      "deploy/id_rsa",
      "deploy/id_ed25519.js",
      ".ssh/config.sh",
      ".aws/setup.py",
      "secrets/staging.ts",
      "src/secrets/index.ts",
      "src/api-keys.ts",
      "src/db_credentials.py",
      "settings.json",
      "docker-compose.yml",
      "notes.md",
      ".npmrc",
      "ignored/local.ts",
      "excluded/local.ts",
    ]) {
      await write(`a/${path}`, secret);
    }
    await write("a/src/key.ts", `const key = \`${pem("RSA")}\n${CANARY}\`;\n`);
    await write("a/src/pgp.py", `KEY = """${pem("PGP")} BLOCK\n${CANARY}"""\n`);
    await write("a/src/cloud.ts", `${secret}const id = "AKIA${"Z".repeat(16)}";\n`);
    await write("a/src/binary.c", Buffer.from(`${CANARY}\0`));
    await write("outside/linked.ts", secret);
    await symlink(pathOf("outside"), pathOf("a/link"));
    await symlink(pathOf("outside/linked.ts"), pathOf("a/linked.ts"));
    await write("a/.gitignore", "ignored\n");
    await write("a/src/fine.ts", CODE);
    const { store, open, ready, touched, texts, log, tokenizer } = startStore();
    open({ roots: [rootAt("a", { excludes: ["**/excluded"] })], storagePath: learned() });
    await ready();
    // Also where the editor speaks of them.
    const paths = (await readdir(pathOf("a"), { recursive: true })).map((path) => `a/${path}`);
    touched(...paths, "a/link/linked.ts");
    for (const path of paths) store.setBuffer({ path: pathOf(path), text: secret });
    for (const path of paths) store.setBuffer({ path: pathOf(path), text: null });
    for (const path of [".env", "tls/server.key", "src/secrets/index.ts", "ignored/local.ts"]) {
      store.setBuffer({ path: pathOf(`a/${path}`), text: secret });
    }
    await ready();
    await saved();
    store.setBuffer({ path: pathOf("a/src/fine.ts"), text: `${secret}${pem("EC")}\n` });
    await until(() => expect(texts()).toEqual({}));
    await until(async () => expect((await saved()).includes("fine")).toBe(false));
    const seen = [JSON.stringify(tokenizer.texts), log.join("\n")];
    for (const text of seen) expect(text).not.toContain(CANARY);
    for (const [name, bytes] of await storedFiles()) {
      expect(name).not.toContain(CANARY);
      for (const form of [CANARY, Buffer.from(CANARY, "utf-16le"), bytesOfTokens(CANARY)]) {
        expect(bytes.includes(form), name).toBe(false);
      }
    }
  });

  test("is taken as far as it is whole", async () => {
    // Of different lengths, so that not every part begins on the same border.
    for (const [at, name] of ["u", "x", "y", "z"].entries()) {
      await write(`a/${name}.ts`, CODE.repeat(6_000) + " ".repeat(at % 3));
    }
    const params = { roots: [rootAt("a")], storagePath: learned() };
    const first = startStore();
    first.open(params);
    const blob = await saved();
    const whole = Uint8Array.from(blob);
    first.store.serve(undefined);
    blob[Math.floor(0.6 * blob.length)]! ^= 1;
    await writeFile(join(learned(), "workspace-index.bin"), blob);
    const second = startStore();
    second.open(params);
    await second.ready();
    expect(second.index().numFiles).toBe(4);
    expect(second.tokenizer.texts).toHaveLength(2);
    expect(second.log.join("\n")).toMatch(/not restored reason="its checksum differs"/);
    second.store.serve(undefined);
    await writeFile(join(learned(), "workspace-index.bin"), whole);
    const third = startStore();
    third.open(params);
    await third.ready();
    expect(third.tokenizer.texts).toEqual([]);
  });

  test("is rebuilt, whatever became of it", async () => {
    const expected: Record<string, string> = {};
    for (let number = 0; number < 8; number++) {
      const text = `${"line of code;\n".repeat(number + 1)}`;
      await write(`a/${number}.ts`, text);
      expected[`a/${number}.ts`] = text;
    }
    const first = startStore();
    first.open({ roots: [rootAt("a")], storagePath: learned() });
    const bytes = await saved();
    first.store.serve(undefined);
    const path = join(learned(), "workspace-index.bin");
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant("flip"), at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ kind: fc.constant("cut"), at: fc.nat(), by: fc.constant(0) }),
      fc.record({ kind: fc.constant("extend"), at: fc.nat(99), by: fc.nat(255) }),
      fc.record({ kind: fc.constant("noise"), at: fc.nat(999), by: fc.nat(255) }),
      fc.record({ kind: fc.constant("none"), at: fc.constant(0), by: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async ({ kind, at, by }) => {
        let damaged = Buffer.from(bytes);
        if (kind === "flip") damaged[at % damaged.length]! ^= by;
        else if (kind === "cut") damaged = damaged.subarray(0, at % damaged.length);
        else if (kind === "extend") damaged = Buffer.concat([damaged, Buffer.alloc(at, by)]);
        else if (kind === "noise") damaged = Buffer.alloc(at, by);
        await writeFile(path, damaged);
        const { store, open, ready, texts, tokenizer, index } = startStore({
          saveIntervalMs: 100_000,
        });
        open({ roots: [rootAt("a")], storagePath: learned() });
        await ready();
        expect(texts()).toEqual(expected);
        expect(brokenInvariant(index())).toBeUndefined();
        if (kind === "none") expect(tokenizer.texts).toEqual([]);
        store.serve(undefined);
      }),
      { numRuns: 60 },
    );
  });
});

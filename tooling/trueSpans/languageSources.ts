/** Real files of many languages: pinned packages in a cache outside the clone; nothing of them is run or installed. */
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { UNSEEN_SOURCES_FOLDER } from "../../test/support/realModels.ts";
import { fetchPackage, run } from "../sourcePackage.ts";

/** [name, version, SHA-256 of the archive]; WordPress's is under GPL-2.0-or-later, the others under MIT. */
const NPM: readonly (readonly [string, string, string])[] = [
  ["react-native", "0.79.0", "d8f1e9d7856015bed3ee2fd0978bf34f5995c0f94e7962813ee0e10a05202933"],
  [
    "expo-modules-core",
    "2.3.13",
    "7473182f70309ecc0ef2c006b31a6a2915aa3612cd5b7b57b53d7d24e30917a6",
  ],
  [
    "@wordpress/block-library",
    "9.23.0",
    "db235f6d54b1ce337a5311e234e370c52f1063463dfcb34abceef3d0ccb92e9a",
  ],
  ["bootstrap", "5.3.3", "38cee936dbd80138de6775683149f22e9226fc2d654392337a921f53000c789e"],
  ["bats", "1.11.1", "1d8a88fc70bc5a518c7cf17e5201b80b24e9475be95abe6508b3197a64b73365"],
  ["svelte", "5.28.2", "da002068c0c29e1bac35d1f7962af8032ef649da77e11f6faa9942a9d94371f2"],
  [
    "react-native-screens",
    "4.10.0",
    "80e94f50dc88e0dcb761b5f18743928a79f1675388e1242df280a06fc1c39cb6",
  ],
];
/** Crates, all under MIT or Zlib; cargo knows their checksums. */
const CRATES = { anyhow: "1.0.98", clap_builder: "4.5.37", "libz-sys": "1.1.22" };

/** VS Code's name of the language by a file's ending, and the grammar that tells of breaks. */
const LANGUAGES: Readonly<Record<string, readonly [id: string, grammar: string]>> = {
  ts: ["typescript", "typescript"],
  tsx: ["typescriptreact", "tsx"],
  js: ["javascript", "javascript"],
  py: ["python", "python"],
  go: ["go", "go"],
  rs: ["rust", "rust"],
  java: ["java", "java"],
  kt: ["kotlin", "kotlin"],
  swift: ["swift", "swift"],
  cpp: ["cpp", "cpp"],
  c: ["c", "c"],
  php: ["php", "php"],
  scss: ["scss", "scss"],
  sh: ["shellscript", "bash"],
  bats: ["shellscript", "bash"],
  rb: ["ruby", "ruby"],
  json: ["json", "json"],
  xml: ["xml", "xml"],
};
const MAX_FILES = 60;
const MIN_CHARS = 800;
const MAX_CHARS = 60_000;
const MAX_LINE = 400;

/** A file of a language. */
export interface LanguageFile {
  /** A checksum of its text: it stands for the file in reports and in the order. */
  readonly name: string;
  readonly languageId: string;
  readonly grammar: string;
  readonly text: string;
}

/** At most 60 files of each language, fetched if they are not there. */
export function languageFiles(folder: string): LanguageFile[] {
  fetchAll(folder);
  const files = new Map<string, LanguageFile>();
  for (const root of [folder, UNSEEN_SOURCES_FOLDER]) {
    for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
      const [languageId, grammar] = LANGUAGES[path.split(".").at(-1)!] ?? [];
      if (languageId === undefined || /\.(min|d)\.\w+$|windows-sys/.test(path)) continue;
      const text = readFileSync(join(root, path), "utf8");
      const isUsual = text.length >= MIN_CHARS && text.length <= MAX_CHARS && !text.includes("\r");
      if (!isUsual || text.split("\n").some((line) => line.length > MAX_LINE)) continue;
      const name = createHash("sha256").update(text).digest("hex").slice(0, 12);
      files.set(name, { name, languageId, grammar: grammar!, text });
    }
  }
  const numOf = new Map<string, number>();
  return [...files.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ languageId }) => {
      const number = (numOf.get(languageId) ?? 0) + 1;
      numOf.set(languageId, number);
      return number <= MAX_FILES;
    });
}

function fetchAll(folder: string): void {
  run(process.execPath, ["tooling/fetchUnseenSources.ts"], process.cwd());
  mkdirSync(folder, { recursive: true });
  for (const one of NPM) fetchNpm(one, folder);
  const crates = join(folder, "crates");
  if (existsSync(crates)) return;
  const work = mkdtempSync(join(tmpdir(), "treeline-crates-"));
  const wanted = Object.entries(CRATES).map(([name, version]) => `${name} = "=${version}"`);
  const manifest = '[package]\nname = "sources"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n';
  writeFileSync(join(work, "Cargo.toml"), `${manifest}[dependencies]\n${wanted.join("\n")}\n`);
  writeFileSync(join(work, "lib.rs"), "");
  run("cargo", ["vendor", "--quiet", `${crates}.partial`], work);
  renameSync(`${crates}.partial`, crates);
}

function fetchNpm([name, version, checksum]: (typeof NPM)[number], folder: string): void {
  const target = join(folder, `${name.replaceAll(/[@/]/g, "-")}-${version}`);
  if (existsSync(target)) return;
  const work = mkdtempSync(join(tmpdir(), "treeline-sources-"));
  const partial = join(dirname(target), `.${basename(target)}`);
  cpSync(fetchPackage({ from: "npm", name, version, checksum }, work), partial, {
    recursive: true,
  });
  renameSync(partial, target);
}

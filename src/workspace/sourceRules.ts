/**
 * Which files of a workspace are its sources: code that people write, nothing secret, nothing generated. The index and
 * the benchmarks go by it, and so does whoever only hears of a path. Pure.
 */

/** Languages that code models are trained on, by their files' extensions. No data: configuration has secrets in it. */
const EXTENSIONS =
  "ts,tsx,mts,cts,js,jsx,mjs,cjs,vue,svelte,py,pyi,rb,php,go,rs,java,kt,kts,scala,groovy,c,h,cc,cpp,cxx,hh,hpp,hxx," +
  "cs,fs,swift,m,mm,dart,lua,pl,pm,r,jl,ex,exs,erl,hs,ml,mli,clj,nim,zig,sh,bash,ps1,sql,css,scss,less,html,proto," +
  "graphql,sol";
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set(EXTENSIONS.split(","));

/** For `findFiles`. */
export const SOURCE_GLOB = `**/*.{${EXTENSIONS}}`;

export const IGNORE_FILE = ".gitignore";

/** Larger files are data, not source: in bytes. */
export const MAX_SOURCE_BYTES = 512 * 1024;

/** Installed or generated: it would repeat the sources, or drown them. Hidden folders are left out beside these. */
export const FOREIGN_FOLDERS: readonly string[] =
  "node_modules,bower_components,vendor,venv,__pycache__,site-packages,dist,out,build,target,coverage".split(
    ",",
  );
const FOREIGN: ReadonlySet<string> = new Set(FOREIGN_FOLDERS);

/** File names whose content is nobody's business. */
const SECRET_NAMES = [
  /^\.(env|dev\.vars|npmrc|netrc|pgpass|htpasswd|git-credentials)/i,
  /\.env$/i,
  /^id_(rsa|dsa|ecdsa|ed25519)/i,
  /\.(pem|key|ppk|p8|p12|pfx|crt|cer|der|csr|jks|keystore|kdbx|gpg|asc|ovpn|mobileprovision)$/i,
  /(^|[._-])(secrets?|credentials?|passwords?|(api|private)[._-]?keys?)([._-]|$)/i,
];
const SECRET_FOLDER =
  /(^|\/)(\.ssh|\.gnupg|\.aws|\.kube|secrets?|credentials?|private[._-]?keys?)\//i;
/** Keys, and credentials that services give a form of their own so that they can be told. */
const SECRET_TEXT = new RegExp(
  [
    "-----BEGIN [A-Z0-9 ]*PRIVATE KEY",
    "PuTTY-User-Key-File-",
    "\\b(AKIA|ASIA)[0-9A-Z]{16}\\b",
    "\\bgh[pousr]_[A-Za-z0-9]{36}",
    "\\bgithub_pat_[A-Za-z0-9_]{22}",
    "\\bglpat-[\\w-]{20}",
    "\\bnpm_[A-Za-z0-9]{36}",
    "\\bxox[abprs]-[A-Za-z0-9-]{10}",
    "\\bAIza[\\w-]{35}",
    "\\b[rs]k_live_[A-Za-z0-9]{16}",
    "\\bsk-(proj-|ant-)[\\w-]{20}",
  ].join("|"),
);

const GENERATED_NAME = /([.-]min|\.bundle|\.generated|\.pb|_pb2|\.g)\.[a-z]+$/i;
/** Characters; people break their lines earlier. */
const MAX_LINE_LENGTH = 2_000;
const MAX_MEAN_LINE_LENGTH = 200;

/** Whether a file may be read, as far as its path tells. @param path - below the root, with forward slashes. */
export function isSourcePath(path: string): boolean {
  const names = path.split("/");
  const name = names.pop()!;
  const dot = name.lastIndexOf(".");
  return (
    dot !== -1 &&
    KNOWN_EXTENSIONS.has(name.slice(dot + 1).toLowerCase()) &&
    !name.startsWith(".") &&
    !names.some(isForeignFolder) &&
    !isSecretPath(path) &&
    !isGeneratedPath(path)
  );
}

/** Whether a file has rules for the workspace's other files. @param path - as of {@link isSourcePath}. */
export function isIgnoreFile(path: string): boolean {
  const names = path.split("/");
  return names.pop() === IGNORE_FILE && !names.some(isForeignFolder);
}

/** Whether nothing below a folder of this name is the workspace's own source: hidden, installed or built. */
export function isForeignFolder(name: string): boolean {
  return name.startsWith(".") || FOREIGN.has(name);
}

/** @param path - with forward slashes. */
export function isSecretPath(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return SECRET_FOLDER.test(path) || SECRET_NAMES.some((pattern) => pattern.test(name));
}

/** @param path - with forward slashes. */
export function isGeneratedPath(path: string): boolean {
  return GENERATED_NAME.test(path);
}

/** Whether a text holds a key that can be told from other text. */
export function isSecretText(text: string): boolean {
  return SECRET_TEXT.test(text);
}

/** Whether people wrote a text, and it holds no key. */
export function isSourceText(text: string): boolean {
  if (text.trim() === "" || text.includes("\0") || isSecretText(text)) return false;
  let numLines = 0;
  for (let start = 0; start <= text.length; numLines++) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    if (end - start > MAX_LINE_LENGTH) return false;
    start = end + 1;
  }
  return text.length / numLines <= MAX_MEAN_LINE_LENGTH;
}

/** The text of a file, or undefined if it is no text, holds a key, or was not written by people. */
export function sourceTextOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return isSourceText(text) ? text : undefined;
  } catch {
    // Another encoding, or no text at all.
    return undefined;
  }
}

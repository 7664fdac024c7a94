/** Which files of a workspace a benchmark reads: source that people write, nothing secret, nothing generated. Pure. */

/** Languages that code models are trained on, by their files' extensions. */
const EXTENSIONS =
  "ts,tsx,mts,cts,js,jsx,mjs,cjs,vue,svelte,py,pyi,rb,php,go,rs,java,kt,kts,scala,groovy,c,h,cc,cpp,cxx,hh,hpp," +
  "cs,fs,swift,m,mm,dart,lua,pl,pm,r,jl,ex,exs,erl,hs,ml,mli,clj,nim,zig,sh,bash,ps1,sql";

/** For `findFiles`. */
export const SOURCE_GLOB = `**/*.{${EXTENSIONS}}`;

/** Installed or generated: it would repeat the sources, and so flatter whoever drafts by copying. */
const FOREIGN_FOLDERS =
  ".git,node_modules,bower_components,vendor,venv,.venv,__pycache__,site-packages,dist,out,build,target,coverage";

/** File names whose content is nobody's business. */
const SECRET_NAMES = [
  /^\.env(\.|$)/i,
  /^\.(npmrc|netrc|pgpass|htpasswd|git-credentials)$/i,
  /^id_(rsa|dsa|ecdsa|ed25519)/i,
  /\.(pem|key|ppk|p8|p12|pfx|crt|cer|der|csr|jks|keystore|kdbx|gpg|asc|ovpn|mobileprovision)$/i,
  /(^|[._-])(secrets?|credentials?|passwords?|api[._-]?keys?)([._-]|$)/i,
];
const SECRET_FOLDER = /(^|\/)(\.ssh|\.gnupg|\.aws|\.kube|secrets?)\//i;
const SECRET_TEXT = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

const GENERATED_NAME = /([.-]min|\.bundle|\.generated|\.pb|_pb2|\.g)\.[a-z]+$/i;
/** Characters; people break their lines earlier. */
const MAX_LINE_LENGTH = 2_000;
const MAX_MEAN_LINE_LENGTH = 200;

/** @param path - with forward slashes. */
export function isSecretPath(path: string): boolean {
  const name = path.split("/").at(-1) ?? "";
  return SECRET_FOLDER.test(path) || SECRET_NAMES.some((pattern) => pattern.test(name));
}

/** @param path - with forward slashes. */
export function isGeneratedPath(path: string): boolean {
  return GENERATED_NAME.test(path);
}

/** The text of a file, or undefined if it is no text, holds a private key, or was not written by people. */
export function sourceTextOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Another encoding, or no text at all.
    return undefined;
  }
  if (text.trim() === "" || SECRET_TEXT.test(text)) return undefined;
  const lines = text.split("\n");
  const isBroken = lines.every(({ length }) => length <= MAX_LINE_LENGTH);
  return isBroken && text.length / lines.length <= MAX_MEAN_LINE_LENGTH ? text : undefined;
}

/**
 * One glob for everything that is left out.
 * @param settings - values of `files.exclude` and `search.exclude`: patterns, of which those that are `true` count.
 */
export function excludeGlob(...settings: readonly unknown[]): string {
  const patterns = settings.flatMap((setting) =>
    typeof setting === "object" && setting !== null
      ? Object.entries(setting).flatMap(([pattern, isOn]) => (isOn === true ? [pattern] : []))
      : [],
  );
  const flat = [`**/{${FOREIGN_FOLDERS}}`, ...patterns].flatMap(expandBraces);
  // A pattern may name a folder; what lies below it is left out as well.
  const all = flat.flatMap((pattern) =>
    pattern.endsWith("/**") ? [pattern] : [pattern, `${pattern.replace(/\/$/, "")}/**`],
  );
  return `{${[...new Set(all)].join(",")}}`;
}

/** `a/{b,c}` → `a/b`, `a/c`: VS Code's globs know no braces within braces. */
export function expandBraces(pattern: string): string[] {
  const inner = /\{([^{}]*)\}/.exec(pattern);
  if (inner === null) return [pattern];
  const before = pattern.slice(0, inner.index);
  const after = pattern.slice(inner.index + inner[0].length);
  const choices = inner[1]?.split(",") ?? [];
  const flat = choices.flatMap((choice) => expandBraces(`${before}${choice}${after}`));
  return [...new Set(flat)];
}

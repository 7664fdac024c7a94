/**
 * `node_modules/a/node_modules/@b/c/x.js` → `node_modules/a/node_modules/@b/c`; undefined for code of ours.
 * @param {string} path
 * @returns {string | undefined}
 */
export function packageFolder(path) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

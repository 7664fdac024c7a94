/** A .wat module arrives compiled (tooling/watPlugin.mjs). */
declare module "*.wat" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

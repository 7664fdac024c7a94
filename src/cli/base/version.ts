/** Set by the bundler from package.json. */
declare const TREELINE_VERSION: string | undefined;

/** Treeline's version. */
export const VERSION = typeof TREELINE_VERSION === "string" ? TREELINE_VERSION : "development";

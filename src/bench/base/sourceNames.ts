/** What the sources of drafts are called where people read of them. */
import type { DraftSource } from "../../core/tree/draftTree.ts";

export const SOURCE_NAMES: Readonly<Record<DraftSource, string>> = {
  recycling: "recycling",
  suffixMatch: "suffix match",
  draftModel: "draft model",
  workspace: "workspace",
  ghost: "earlier suggestions",
};

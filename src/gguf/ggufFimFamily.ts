/** Which fill-in-the-middle family a model is of: by the names in its header, and by the marker texts of its vocabulary. */
import { type FimFamily, findFimFamily } from "../core/prompt/fimFamilies.ts";
import { type GgufHeader, ggufString, ggufStrings } from "./ggufHeader.ts";

/** How a marker's text begins, in every family; a vocabulary has 150,000 other texts. */
const MARKER_START = /^[▁]?[<[]/;

export interface GgufFimFamily {
  /** Undefined where no family's names and markers are found. */
  readonly family: FimFamily | undefined;
  /** Ids of texts that may be markers. */
  readonly ids: ReadonlyMap<string, number>;
}

export function ggufFimFamily(header: GgufHeader): GgufFimFamily {
  const ids = new Map<string, number>();
  ggufStrings(header, "tokenizer.ggml.tokens")?.forEach((text, id) => {
    if (MARKER_START.test(text)) ids.set(text, id);
  });
  const identity = {
    architecture: ggufString(header, "general.architecture") ?? "",
    name: ggufString(header, "general.name") ?? "",
    basename: ggufString(header, "general.basename") ?? "",
  };
  return { family: findFimFamily(identity, (text) => ids.has(text)), ids };
}

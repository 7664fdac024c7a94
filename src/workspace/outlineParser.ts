/**
 * The outlines of source files, read off their syntax trees. What a file holds is others' work: parsing goes in slices, ends
 * after a time whatever the text, and takes no text that is longer than people write.
 */
import { messageOf } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import type { Outline } from "../core/prompt/outline.ts";
import { type OutlineGrammar, outlineGrammarOf } from "./outlineGrammars.ts";
import { outlineSteps } from "./outlineSteps.ts";
import { type Language, type LoadedTreeSitter, loadTreeSitter, type Tree } from "./treeSitter.ts";

/** Longer files get no outline. UTF-16 code units. */
export const MAX_OUTLINED_CHARS = 262_144;
/** Of computing for one file, in ms; some 0.2 ms per 1,000 characters are usual. */
export const MAX_OUTLINE_MS = 200;
/** Of computing between two pauses, in ms. */
const SLICE_MS = 3;

/** Faults of the parser after which there are no outlines any more. */
const MAX_FAULTS = 3;

const NOTHING: Outline = [];

export class OutlineParser {
  readonly #log: Log;
  readonly #load: () => Promise<LoadedTreeSitter>;
  #treeSitter: Promise<LoadedTreeSitter> | undefined;
  readonly #languages = new Map<string, Promise<Language>>();
  #numFaults = 0;

  /** @param load - a parser of its own with each call. */
  constructor(log: Log, load = loadTreeSitter) {
    this.#log = log;
    this.#load = load;
  }

  /**
   * What a file declares; nothing for a language without a grammar, for a text that is too long or takes too long. Never
   * rejects but with the pause's reason.
   * @param pause - awaited between slices of work; may throw.
   */
  async outline(path: string, text: string, pause: () => Promise<void>): Promise<Outline> {
    const grammar = outlineGrammarOf(path);
    if (grammar === undefined || text.length > MAX_OUTLINED_CHARS) return NOTHING;
    if (this.#numFaults >= MAX_FAULTS) return NOTHING;
    let isStopped = false;
    const stoppable = () =>
      pause().catch((reason: unknown) => {
        isStopped = true;
        throw reason;
      });
    try {
      return await this.#parsed(grammar, text, stoppable);
    } catch (error) {
      if (isStopped) throw error;
      // Out of memory, or a fault of a grammar: in the same memory what comes next could be wrong in silence.
      this.#treeSitter = undefined;
      this.#languages.clear();
      const next = ++this.#numFaults < MAX_FAULTS ? "start anew" : "are off";
      this.#log("warn", `outlines ${next} reason=${JSON.stringify(messageOf(error))}`);
      return NOTHING;
    }
  }

  async #parsed(
    grammar: OutlineGrammar,
    text: string,
    pause: () => Promise<void>,
  ): Promise<Outline> {
    this.#treeSitter ??= this.#load();
    const treeSitter = await this.#treeSitter;
    const { wasm } = grammar;
    if (!this.#languages.has(wasm)) this.#languages.set(wasm, treeSitter.loadLanguage(wasm));
    const language = await this.#languages.get(wasm)!;
    const slices = slicesOf(pause);
    const parser = treeSitter.newParser();
    let tree: Tree | null = null;
    try {
      parser.setLanguage(language);
      // A parse that was interrupted goes on with the next call.
      while (tree === null) {
        await slices.next();
        tree = parser.parse(text, null, { progressCallback: slices.isOver });
        if (tree === null && slices.isUsedUp()) return NOTHING;
      }
      const steps = outlineSteps(tree, text, grammar);
      for (;;) {
        const { done, value } = steps.next();
        if (done === true) return value;
        if (slices.isUsedUp()) return NOTHING;
        if (slices.isOver()) await slices.next();
      }
    } finally {
      tree?.delete();
      parser.delete();
    }
  }
}

/** Slices of work with pauses between them. */
function slicesOf(pause: () => Promise<void>) {
  let startedAt = 0;
  let usedMs = 0;
  return {
    async next(): Promise<void> {
      if (startedAt > 0) usedMs += performance.now() - startedAt;
      await pause();
      startedAt = performance.now();
    },
    isOver: () => performance.now() - startedAt > SLICE_MS,
    isUsedUp: () => usedMs + performance.now() - startedAt > MAX_OUTLINE_MS,
  };
}

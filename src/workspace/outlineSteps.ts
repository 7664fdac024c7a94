/** A syntax tree → the file's outline, a few nodes at a time. Walks by cursor: no depth of nesting costs more than its nodes. */
import { type Cut, type Outline, type OutlineEntry, textWithCuts } from "../core/prompt/outline.ts";
import type { OutlineGrammar } from "./outlineGrammars.ts";
import type { Tree, TreeCursor } from "./treeSitter.ts";

/** Between two steps. */
const NODES_PER_STEP = 128;
const MAX_ENTRIES = 400;
/** Longer values are left out, and those on several lines. UTF-16 code units. */
const MAX_VALUE_CHARS = 80;
const MAX_NAME_CHARS = 128;
/** Of a member or definition, to see how it begins. */
const HEAD_CHARS = 200;

/** A node that the cursor is below. */
interface Frame {
  readonly type: string;
  /** Ends of the last two children before the present one, comments aside. */
  lastEnd: number;
  endBefore: number;
  /** Whether it is between the definition's name and its members. */
  readonly isHead: boolean;
}

interface FoundEntry extends OutlineEntry {
  readonly isExported: boolean;
}

interface OpenEntry {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  /** How deep the definition lies. */
  readonly depth: number;
  readonly names: string[];
  readonly cuts: Cut[];
  /** Names others' definitions, and makes none. */
  isListOfNames: boolean;
}

/** @returns the outline; yields now and then, so that the caller may pause or stop. */
export function* outlineSteps(
  tree: Tree,
  text: string,
  grammar: OutlineGrammar,
): Generator<void, Outline> {
  const cursor = tree.walk();
  try {
    const walk = outlineWalk(cursor, text, grammar);
    for (let numNodes = 1; walk.step() && !walk.isFull(); numNodes++) {
      if (numNodes % NODES_PER_STEP === 0) yield;
    }
    return walk.finish();
  } finally {
    cursor.delete();
  }
}

function outlineWalk(cursor: TreeCursor, text: string, grammar: OutlineGrammar) {
  const frames: Frame[] = [];
  const entries: FoundEntry[] = [];
  /** Names that lists export. */
  const listed = new Set<string>();
  let open: OpenEntry | undefined;

  const close = () => {
    const entry = open;
    open = undefined;
    if (entry === undefined || entry.isListOfNames) return;
    const { type, start, end, names, cuts } = entry;
    cuts.sort((a, b) => a.start - b.start);
    const kept = textWithCuts(text, start, end, cuts);
    const isExported = type === grammar.exports?.definition;
    // `export * from` says nothing of what it exports.
    if (kept === "" || (isExported && names.length === 0 && !/\bdefault\b/.test(kept))) return;
    entries.push({ names, text: kept, isExported });
  };

  /** Names behind it are those of members or of a value's own. */
  const isBodyOrValue = (type: string) => {
    const frame = frames.at(-1);
    const isBelow = frame !== undefined && !frame.isHead;
    return (
      isBelow ||
      grammar.memberBodies.has(type) ||
      /^(arrow_function|func_literal|parameter)/.test(type)
    );
  };

  const visitInside = (entry: OpenEntry, type: string): boolean => {
    const frame = frames.at(-1);
    const start = cursor.startIndex;
    const end = cursor.endIndex;
    const cut = (from: number, replacement: string) => {
      entry.cuts.push({ start: from, end, replacement });
      return false;
    };
    if (frame === undefined || frames.length === entry.depth) return true;
    const field = cursor.currentFieldName;
    if (field === "body" && grammar.bodied.has(frame.type)) {
      return cut(frame.lastEnd, grammar.noBody);
    }
    const replacement = grammar.dropped[type];
    if (replacement !== undefined) return cut(start, replacement);
    if (grammar.memberBodies.has(frame.type)) {
      const head = text.slice(start, Math.min(end, start + HEAD_CHARS));
      const isKept = grammar.members?.has(type) ?? true;
      if (!isKept || grammar.privateMember?.test(head) === true) return cut(start, "");
    }
    if (grammar.assigned.has(frame.type) && (field === "value" || field === "right")) {
      const isFunction = /^(arrow_function|function_expression|func_literal)$/.test(type);
      const isLong = end - start > MAX_VALUE_CHARS || text.slice(start, end).includes("\n");
      if (isLong && !isFunction) return cut(frame.endBefore, grammar.noValue);
    }
    if (grammar.exports?.specifier === frame.type) {
      entry.isListOfNames = true;
      if (field === "name") listed.add(text.slice(start, end));
      return true;
    }
    const isName = field !== null && grammar.nameFields.has(field) && /identifier$/.test(type);
    if (isName && frame.isHead && grammar.named.has(frame.type)) {
      entry.names.push(text.slice(start, Math.min(end, start + MAX_NAME_CHARS)));
    }
    return true;
  };

  /** @returns whether what is below the node matters. */
  const visit = (type: string): boolean => {
    const { containers, definitions, privateDefinition } = grammar;
    if (!cursor.nodeIsNamed) return false;
    if (open !== undefined) return visitInside(open, type);
    const start = cursor.startIndex;
    if (definitions.has(type)) {
      const head = text.slice(start, Math.min(cursor.endIndex, start + HEAD_CHARS));
      if (privateDefinition?.test(head) === true) return false;
      open = {
        type,
        start,
        end: cursor.endIndex,
        depth: frames.length,
        names: [],
        cuts: [],
        isListOfNames: false,
      };
      return visitInside(open, type);
    }
    return containers.has(type);
  };

  return {
    isFull: () => entries.length >= MAX_ENTRIES,
    finish(): Outline {
      close();
      const exported = entries.filter(
        ({ isExported, names }) => isExported || names.some((name) => listed.has(name)),
      );
      const usable = exported.length > 0 ? exported : entries;
      return usable.map(({ names, text }) => ({ names, text }));
    },
    /** Looks at the cursor's node and moves it to the next one. @returns whether there is one. */
    step(): boolean {
      const type = cursor.nodeType;
      const enters = visit(type);
      if (enters && cursor.gotoFirstChild()) {
        const isHead = open === undefined || !isBodyOrValue(type);
        frames.push({ type, lastEnd: cursor.startIndex, endBefore: 0, isHead });
        return true;
      }
      for (;;) {
        const frame = frames.at(-1);
        if (frame === undefined) return false;
        // What is left out anyway parts nothing.
        if (grammar.dropped[cursor.nodeType] === undefined) {
          frame.endBefore = frame.lastEnd;
          frame.lastEnd = cursor.endIndex;
        }
        if (open !== undefined && frames.length <= open.depth) close();
        if (cursor.gotoNextSibling()) return true;
        cursor.gotoParent();
        frames.pop();
      }
    },
  };
}

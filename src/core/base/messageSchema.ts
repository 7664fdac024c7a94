/**
 * Schemas of what comes from another process or a file: the type is inferred from what is checked, so neither is written twice.
 */
import * as v from "valibot";

const COUNT = "an integer of at least 1";

export const finite = v.pipe(v.number(), v.finite("a finite number"));
export const count = v.pipe(v.number(), v.integer(COUNT), v.minValue(1, COUNT));
/** 0 … 1 */
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export function listOf<const T extends v.GenericSchema>(item: T) {
  return v.pipe(v.array(item), v.readonly());
}

/** An object with these fields; more do no harm. */
export function shapeOf<const T extends v.ObjectEntries>(entries: T) {
  return v.pipe(v.object(entries), v.readonly());
}

/** An object with any keys. */
export function mapOf<const T extends v.GenericSchema>(item: T) {
  return v.pipe(
    v.unknown(),
    // Valibot makes an object of a list.
    v.check((value) => !Array.isArray(value), "an object"),
    v.record(v.string(), item),
    v.readonly(),
  );
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "true or false",
  number: "a number",
  Array: "a list",
  Object: "an object",
};

/** What keeps a value from being what the schema says: the field, what was found, what is expected. Undefined if nothing does. */
export function problemOf(schema: v.GenericSchema, value: unknown): string | undefined {
  const [issue] = v.safeParse(schema, value, { abortEarly: true }).issues ?? [];
  if (issue === undefined) return undefined;
  const field = v.getDotPath(issue) ?? "the message";
  // Valibot names the key that an object lacks as what it expects.
  if (issue.type === "object" && issue.received === "undefined") return `${field} is missing`;
  const found = inspectedValue(issue.input);
  const isOwn = !issue.message.startsWith("Invalid ");
  return `${field} is ${found}, expected ${isOwn ? issue.message : inWords(issue.expected ?? "")}`;
}

/** Short, whatever the value is: it may be large, or nothing that JSON has. */
function inspectedValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Valibot's words: a type, or choices as `("a" | "b")`. */
function inWords(expected: string): string {
  const choices = /^\((.*)\)$/.exec(expected)?.[1];
  if (choices === undefined) return WORDS[expected] ?? expected;
  return `one of ${choices.replaceAll('"', "").replaceAll(" | ", ", ")}`;
}

/**
 * Text that others wrote, made harmless before people read it: what a model file calls itself and its tensors, names of
 * files, folders and languages, messages of the system, of llama.cpp and of drivers, a model's output. Each function is
 * for one kind of place; text may pass `foreignText`, `visibleText` and `labelText` several times and in any order.
 */
import { splitsPair } from "./surrogates.ts";

/** Of a message, in UTF-16 units. VS Code cuts notifications at 1,000, and with them the remedy at their end. */
export const MAX_MESSAGE_LENGTH = 800;
/** Of a path inside a message: the rest of the message must have room. */
const MAX_PATH_LENGTH = 240;
/** Of a name, which a file or a driver may make as long as it likes. */
const MAX_NAME_LENGTH = 100;
/** Of a value inside a message. */
const MAX_VALUE_LENGTH = 60;

/** What acts on its surroundings instead of being seen: controls, line ends, bidi and other formatting, half pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
const UNSEEN_IN_BLOCK = new RegExp(`(?![\\n\\t])${UNSEEN.source}`, "gu");

/** As JSON writes them, so that JSON stays what it was. */
function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Text of several lines for a terminal: what a terminal would obey, or not show, becomes visible. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN_IN_BLOCK, escaped);
}

/** One line of at most `maxLength` UTF-16 units; cut in its middle, as paths differ at their ends. */
export function foreignText(text: string, maxLength = MAX_MESSAGE_LENGTH): string {
  // Cut before, too: the text may be as long as a file.
  return cut(cut(text, maxLength).replace(UNSEEN, escaped), maxLength);
}

/** A path as a message states it: its beginning and its end. */
export function pathText(path: string): string {
  return foreignText(path, MAX_PATH_LENGTH);
}

/** A name as reports and messages state it: of a model, a device, a folder. */
export function nameText(name: string): string {
  return foreignText(name, MAX_NAME_LENGTH);
}

/** A value of a file as a message states it: in double quotes, with what is in it escaped. */
export function quotedText(text: string): string {
  return JSON.stringify(cut(text, MAX_VALUE_LENGTH)).replace(UNSEEN, escaped);
}

/**
 * One line for VS Code's notifications, quick picks and status bar, where `[text](command:…)` is a link and `$(name)` an
 * icon wherever they stand. Neither can be escaped in all of them, so a space parts them.
 */
export function labelText(text: string): string {
  return cut(foreignText(text).replace(/([\]$])(?=\()/g, "$1 "), MAX_MESSAGE_LENGTH);
}

/**
 * One line that Markdown shows as it is, wherever it stands in a paragraph, a list or a table. Icons are drawn and addresses
 * linked after Markdown has taken its escapes away, so a space parts those.
 */
export function markdownText(text: string): string {
  return labelText(text)
    .replace(/ +/g, " ")
    .trim()
    .replace(/\/(?=\/)/g, "/ ")
    .replace(/(?<=[^\s/])@(?=\S)/g, "@ ")
    .replace(/[\\`*_[\]<>&|~$]/g, "\\$&")
    .replace(/(?<=www)(?=\.)/gi, "\\")
    .replace(/^(?=[-+#=])|(?<=^\d+)(?=[.)])/, "\\");
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const numHead = Math.ceil((maxLength - 1) / 2);
  const tailAt = text.length - (maxLength - 1 - numHead);
  return `${text.slice(0, splitsPair(text, numHead) ? numHead - 1 : numHead)}…${text.slice(
    splitsPair(text, tailAt) ? tailAt + 1 : tailAt,
  )}`;
}

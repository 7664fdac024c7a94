/** Values of options: each parser returns what is meant, or says what was expected. */
import { InvalidArgumentError } from "commander";
import { type PromptArm, promptArm } from "../bench/accuracy/promptArms.ts";
import { ALL_CONFIGS } from "../bench/base/benchConfigNames.ts";
import { MAX_SUGGESTIONS } from "../engine/protocol/suggestionMessages.ts";
import type { NamedServer } from "./bench/benchSuite.ts";

/** Largest number that options take; far beyond any file or context. */
const MAX_OPTION = 1_000_000_000;

export const positiveInteger = wholeNumberTo(MAX_OPTION);
export const suggestionCount = wholeNumberTo(MAX_SUGGESTIONS);

function wholeNumberTo(max: number): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
  };
}

/** Longer than anybody waits. */
const MAX_MINUTES = 24 * 60;

export function minuteCount(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number > 0 && number <= MAX_MINUTES) return number;
  throw new InvalidArgumentError(`Expected minutes above 0, ${MAX_MINUTES} at most.`);
}

export function promptArms(value: string): PromptArm[] {
  const names = value.split(",");
  const arms = names.map((name) => {
    const arm = promptArm(name);
    if (arm !== undefined) return arm;
    throw new InvalidArgumentError(
      `"${name}" is none. Expected cursor, line, file, or a number of lines, parted by commas, each perhaps with +heal, +context, ` +
        "~CHARS and @TOKENS, from 1 on and in this order.",
    );
  });
  if (new Set(names).size === names.length) return arms;
  throw new InvalidArgumentError("Expected each arm once.");
}

/** One more server, as `URL` or `LABEL=URL`. */
export function namedServer(
  value: string,
  before: readonly NamedServer[] = [],
): readonly NamedServer[] {
  const [, label, address] = /^(?:([\w .+-]+)=)?(.*)$/s.exec(value) ?? [];
  const url = URL.canParse(address ?? "") ? new URL(address ?? "") : undefined;
  const isSound = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "";
  if (!isSound) {
    throw new InvalidArgumentError(
      "Expected an address such as http://127.0.0.1:8080, or LABEL=http://127.0.0.1:8080, without a user's name.",
    );
  }
  return [...before, { ...(label === undefined ? {} : { label }), url }];
}

export function configNames(value: string): readonly string[] {
  if (value === "all") return ALL_CONFIGS;
  const names = value.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !ALL_CONFIGS.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`"${unknown}" is none of ${ALL_CONFIGS.join(", ")}, or all.`);
}

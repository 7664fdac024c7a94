/**
 * A person at a keyboard, replayed: keystrokes with their pauses, slips, jumps and acceptances, drawn by seed over real
 * sources. Pure: time and suggestions come from whoever plays the script.
 *
 * Whether a suggestion is right is drawn, too, and not asked of the text: latency must be measured for the model that a
 * user has, and the bundled tiny pair is hardly ever right. Who follows a suggestion has its text in the file from then on.
 */
import { drawSpots, type SourceFile, type SourceSpot, seededRandom } from "./sourceSpots.ts";

/** One keystroke, or a click elsewhere. A slip is a wrong character, taken back by the `backspace` that follows. */
export type KeyAction = "type" | "slip" | "backspace" | "jump";

/** Takes the suggestion whole or its first word, types what it says, or writes what was on the person's mind. */
export type Following = "all" | "word" | "type" | "nothing";

export interface TypingStep {
  readonly action: KeyAction;
  /** What the person does if there is a suggestion on the screen. */
  readonly follows: Following;
  /** Since the keystroke before, in ms. */
  readonly delayMs: number;
}

export interface TypingScript {
  /** Places of one file, in the order in which they are visited; what is hidden there is what is typed. */
  readonly places: readonly SourceSpot[];
  readonly steps: readonly TypingStep[];
}

/** Between two keys in ms: the median of fluent typing, its spread in natural logs, and the bounds. */
const KEY_MS = { median: 105, sigma: 0.45, min: 40, max: 250 } as const;
/** A look at what stands there, in ms, before a word or an acceptance. */
const PAUSE_MS = { median: 600, sigma: 0.4, min: 300, max: 1500 } as const;
/** Shares of keystrokes; what is left types the next character. */
const PAUSE_SHARE = 0.1;
const SLIP_SHARE = 0.03;
const JUMP_SHARE = 0.03;
/** Of the suggestions on the screen at a key, 30 % are followed: about the acceptance that assistants report. */
const FOLLOW_SHARES: readonly (readonly [Following, number])[] = [
  ["all", 0.12],
  ["word", 0.06],
  ["type", 0.12],
];
/** Who types what a suggestion says has taken it, or has had another thought, after so many characters. */
const MAX_FOLLOWED_CHARS = 16;
const NUM_PLACES = 4;

/**
 * Draws a script of about `numKeys` keystrokes.
 * @throws RangeError if the files hold no line of code.
 */
export function drawTypingScript(
  files: readonly SourceFile[],
  numKeys: number,
  seed: number,
): TypingScript {
  const random = seededRandom(seed);
  const drawSeed = () => Math.floor(random() * 2 ** 32);
  const [first] = drawSpots(files, 1, drawSeed());
  const file = files.find(({ path }) => path === first?.path);
  const places = drawSpots(file === undefined ? files : [file], NUM_PLACES, drawSeed());
  // Who opens a file looks at it before the first key.
  const steps: TypingStep[] = [drawLook(random)];
  while (steps.length < numKeys) steps.push(...drawSteps(random));
  return { places, steps };
}

function drawSteps(random: () => number): TypingStep[] {
  let share = random();
  const isDrawn = (size: number) => {
    share -= size;
    return share < 0;
  };
  const key = () => logNormal(random, KEY_MS);
  const look = () => logNormal(random, PAUSE_MS);
  const follows = drawFollowing(random());
  const type = (delayMs: number): TypingStep => ({ action: "type", follows, delayMs });
  if (isDrawn(PAUSE_SHARE)) return [type(look())];
  if (isDrawn(JUMP_SHARE)) {
    return [{ action: "jump", follows: "nothing", delayMs: look() }, type(look())];
  }
  if (!isDrawn(SLIP_SHARE)) return [type(key())];
  return [
    { action: "slip", follows: "nothing", delayMs: key() },
    { action: "backspace", follows: "nothing", delayMs: key() + KEY_MS.max },
  ];
}

function drawLook(random: () => number): TypingStep {
  const delayMs = logNormal(random, PAUSE_MS);
  return { action: "type", follows: drawFollowing(random()), delayMs };
}

function drawFollowing(drawn: number): Following {
  let share = drawn;
  const found = FOLLOW_SHARES.find(([, size]) => {
    share -= size;
    return share < 0;
  });
  return found?.[0] ?? "nothing";
}

interface Distribution {
  readonly median: number;
  readonly sigma: number;
  readonly min: number;
  readonly max: number;
}

/** In whole ms; Box-Muller. */
function logNormal(random: () => number, { median, sigma, min, max }: Distribution): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.round(Math.min(max, Math.max(min, median * Math.exp(sigma * normal))));
}

/** A word with the blanks before it, or a run of punctuation: what editors accept by word. */
const FIRST_WORD = /^\s*(?:[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]+)/u;
const SLIP = "~";

/** What a keystroke did. */
export type KeyEffect = "typed" | "erased" | "jumped" | "acceptedAll" | "acceptedWord";

/** The file as the person has it, at every moment of a script. */
export class TypingDocument {
  readonly #places: readonly SourceSpot[];
  #place = 0;
  /** What was put in here, of the source and of suggestions. */
  #written = "";
  #numOfSource = 0;
  /** What is still to be typed of a suggestion that is followed. */
  #followed = "";
  #slip = "";

  /** @throws RangeError without places. */
  constructor(places: readonly SourceSpot[]) {
    if (places.length === 0) throw new RangeError("a script without places");
    this.#places = places;
  }

  get path(): string {
    return this.#spot.path;
  }

  get prefixText(): string {
    return this.#spot.prefixText + this.#written + this.#slip;
  }

  get suffixText(): string {
    return this.#spot.suffixText;
  }

  /** What is still to be written of the source in this place. */
  get rest(): string {
    return this.#spot.hiddenText.slice(this.#numOfSource);
  }

  /**
   * Does one keystroke. Once nothing is left to write in a place, the person goes on to the next.
   * @param shown - the suggestion at the cursor, if there is one.
   */
  apply({ action, follows }: TypingStep, shown: string | undefined): KeyEffect {
    if (action === "backspace") {
      this.#slip = "";
      return "erased";
    }
    if (action === "jump" || (this.rest === "" && this.#followed === "")) {
      this.#jump();
      return "jumped";
    }
    if (action === "slip") {
      this.#slip = SLIP;
      return "typed";
    }
    if (shown !== undefined && this.#followed === "") {
      if (follows === "all") {
        this.#written += shown;
        return "acceptedAll";
      }
      if (follows === "word") {
        this.#written += FIRST_WORD.exec(shown)?.[0] ?? shown;
        return "acceptedWord";
      }
      if (follows === "type") this.#followed = shown.slice(0, MAX_FOLLOWED_CHARS);
    }
    this.#typeNext();
    return "typed";
  }

  #typeNext(): void {
    if (this.#followed === "") {
      this.#written += this.rest.charAt(0);
      this.#numOfSource++;
    } else {
      this.#written += this.#followed.charAt(0);
      this.#followed = this.#followed.slice(1);
    }
  }

  get #spot(): SourceSpot {
    return this.#places[this.#place]!;
  }

  /** The next place hides another part of the source only: what was written here stands as it does in the source. */
  #jump(): void {
    this.#place = (this.#place + 1) % this.#places.length;
    this.#written = "";
    this.#numOfSource = 0;
    this.#followed = "";
    this.#slip = "";
  }
}

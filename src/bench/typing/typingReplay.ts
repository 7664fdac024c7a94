/**
 * A person at a keyboard, replayed: keystrokes with their pauses, slips, jumps and acceptances, drawn by seed over real
 * sources. Pure: time and suggestions come from whoever plays the script.
 *
 * Pauses are drawn without a look at the text: fluent keys, looks, and pauses for thought. Intervals between keys are a
 * mixture of log-normal ones, short where fingers move and long where the person thinks (Roeser, De Maeyer, Leijten and Van
 * Waes, Modelling typing disfluencies as finite mixture process, 2021); of programmers, pauses of 2 to 15 s go with thinking
 * about what comes next (Shrestha, Leinonen, Zavgorodniaia, Hellas and Edwards, Pausing while programming, 2022). How often
 * they come and how long they take here is an assumption: as many as it takes to measure, none longer than somebody
 * would wait.
 *
 * Whether a suggestion is right is drawn, too, and not asked of the text: latency must be measured for the model that a
 * user has, and the bundled tiny pair is hardly ever right. Who follows a suggestion has its text in the file from then on.
 */
import { drawSpots, type SourceFile, type SourceSpot, seededRandom } from "../spots/sourceSpots.ts";

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

/** Keystrokes with their times, the same for every text. */
export interface TypingSteps {
  readonly steps: readonly TypingStep[];
  /** After the last key until the person leaves, in ms: a pause as any other. */
  readonly lastPauseMs: number;
}

export interface TypingScript extends TypingSteps {
  /** Places of one file, in the order in which they are visited; what is hidden there is what is typed. */
  readonly places: readonly SourceSpot[];
}

/** A log-normal distribution without its tails, in ms: the median and the spread in natural logs of the whole of it. */
interface Distribution {
  readonly median: number;
  readonly sigma: number;
  readonly min: number;
  readonly max: number;
}

/** Between two keys of fluent typing. */
const KEY_MS: Distribution = { median: 105, sigma: 0.45, min: 40, max: 250 };
/** A look at what stands there: in the midst of typing, before a jump, or before the first key in a place. */
const LOOK_MS: Distribution = { median: 600, sigma: 0.4, min: 300, max: 1500 };
/** A pause for thought. */
const THOUGHT_MS: Distribution = { median: 1800, sigma: 0.55, min: 1000, max: 5000 };
export const MAX_PAUSE_MS = THOUGHT_MS.max;
/** Places of a session. The first is in a file that was just opened. */
const NUM_PLACES = 4;
/** Keys in a place, corrections not counted. */
const KEYS_PER_PLACE = { min: 14, max: 24 } as const;
const THOUGHTS_PER_PLACE = 3;
/** Of the other keys, those after which the person looks, and those that slip. */
const LOOK_SHARE = 0.1;
const SLIP_SHARE = 0.03;
/** Of the suggestions on the screen at a key, 30 % are followed: about the acceptance that assistants report. */
const FOLLOW_SHARES: readonly (readonly [Following, number])[] = [
  ["all", 0.12],
  ["word", 0.06],
  ["type", 0.12],
];
/** Who types what a suggestion says has taken it, or has had another thought, after so many characters. */
const MAX_FOLLOWED_CHARS = 16;
/** Places to choose from: a place has to hide as many characters as are typed in it at most. */
const NUM_DRAWN_SPOTS = 100;

/**
 * Draws a script.
 * @throws RangeError if the files hold no line of code.
 */
export function drawTypingScript(files: readonly SourceFile[], seed: number): TypingScript {
  const random = seededRandom(seed);
  const drawSeed = () => Math.floor(random() * 2 ** 32);
  const [first] = drawSpots(files, 1, drawSeed());
  const file = files.find(({ path }) => path === first?.path);
  const spots = drawSpots(file === undefined ? files : [file], NUM_DRAWN_SPOTS, drawSeed());
  const long = spots.filter(({ hiddenText }) => hiddenText.length >= KEYS_PER_PLACE.max);
  const places = [...long, ...spots].slice(0, NUM_PLACES);
  return { places, ...drawTypingSteps(seed) };
}

/** The keystrokes of {@link drawTypingScript}. */
export function drawTypingSteps(seed: number): TypingSteps {
  const random = seededRandom(seed);
  const steps: TypingStep[] = [];
  // Who opens a file looks at it before the first key.
  let delayMs = logNormal(random, LOOK_MS);
  for (let place = 0; place < NUM_PLACES; place++) {
    if (place > 0) {
      steps.push({ action: "jump", follows: "nothing", delayMs });
      delayMs = logNormal(random, LOOK_MS);
    }
    const actions = drawActions(random);
    const thoughts = drawThoughts(random, actions, place === NUM_PLACES - 1);
    for (const [index, action] of actions.entries()) {
      const follows = action === "type" ? drawFollowing(random()) : "nothing";
      steps.push({ action, follows, delayMs });
      if (thoughts.has(index)) delayMs = logNormal(random, THOUGHT_MS);
      else if (index === actions.length - 1) delayMs = logNormal(random, LOOK_MS);
      else if (action === "slip") delayMs = logNormal(random, KEY_MS) + KEY_MS.max;
      else delayMs = logNormal(random, random() < LOOK_SHARE ? LOOK_MS : KEY_MS);
    }
  }
  return { steps, lastPauseMs: delayMs };
}

/** How long it takes to play, in ms. */
export function durationOf({ steps, lastPauseMs }: TypingSteps): number {
  return steps.reduce((total, { delayMs }) => total + delayMs, lastPauseMs);
}

/** The time between a key that asks and the next. */
export interface DrawnPause {
  /** Of the key. */
  readonly step: number;
  /** 0 for the first, in a file that was just opened. */
  readonly place: number;
  readonly drawnMs: number;
}

export function drawnPauses({ steps, lastPauseMs }: TypingSteps): DrawnPause[] {
  let place = 0;
  return steps.flatMap(({ action }, step) => {
    if (action === "jump") {
      place++;
      return [];
    }
    return [{ step, place, drawnMs: steps[step + 1]?.delayMs ?? lastPauseMs }];
  });
}

/** What is typed in one place. */
function drawActions(random: () => number): KeyAction[] {
  const { min, max } = KEYS_PER_PLACE;
  const numKeys = min + Math.floor(random() * (max - min + 1));
  return Array.from({ length: numKeys }, (_, index): KeyAction[] =>
    // The last key before a jump is right.
    index < numKeys - 1 && random() < SLIP_SHARE ? ["slip", "backspace", "type"] : ["type"],
  ).flat();
}

/** After which of the keys in a place the person thinks. @param atEnd - also after the last. */
function drawThoughts(
  random: () => number,
  actions: readonly KeyAction[],
  atEnd: boolean,
): Set<number> {
  const thoughts = new Set(atEnd ? [actions.length - 1] : []);
  while (thoughts.size < THOUGHTS_PER_PLACE) {
    const index = Math.floor(random() * actions.length);
    // Who slipped takes it back first.
    if (actions[index] !== "slip") thoughts.add(index);
  }
  return thoughts;
}

function drawFollowing(drawn: number): Following {
  let share = drawn;
  const found = FOLLOW_SHARES.find(([, size]) => {
    share -= size;
    return share < 0;
  });
  return found?.[0] ?? "nothing";
}

/** In whole ms; Box-Muller, drawn again outside of the bounds. */
function logNormal(random: () => number, distribution: Distribution): number {
  const { median, sigma, min, max } = distribution;
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const ms = Math.round(median * Math.exp(sigma * normal));
    if (ms >= min && ms <= max) return ms;
  }
}

/** A word with the blanks before it, or a run of punctuation: what editors accept by word. */
const FIRST_WORD = /^\s*(?:[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]+)/u;
const SLIP = "~";

/** What a keystroke did. */
export type KeyEffect = "typed" | "erased" | "jumped" | "acceptedAll" | "acceptedWord";

/** The file as the person has it, at every moment of a script. */
export class TypingDocument {
  readonly #places: readonly SourceSpot[];
  #numJumps = 0;
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

  /** Places left so far; 0 in the first. */
  get numJumps(): number {
    return this.#numJumps;
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
    return this.#places[this.#numJumps % this.#places.length]!;
  }

  /** The next place hides another part of the source only: what was written here stands as it does in the source. */
  #jump(): void {
    this.#numJumps++;
    this.#written = "";
    this.#numOfSource = 0;
    this.#followed = "";
    this.#slip = "";
  }
}

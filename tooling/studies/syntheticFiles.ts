/** Token files that repeat as source code does, drawn by seed: for sizes of workspace that nobody has at hand. */
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";

/** A file of a workspace, tokenized. */
export interface TokenFile {
  readonly path: string;
  readonly tokens: Int32Array;
}

/** Of a large vocabulary, what one workspace uses. */
const NUM_WORDS = 30_000;
/** Zipf's law: the r-th most common word comes with a chance of about 1 / r. */
const ZIPF_EXPONENT = 1;
const FILES_PER_FOLDER = 12;
const FILE_TOKENS = { min: 100, max: 4000 } as const;
/** How often a span is copied instead of a word drawn, and from where; copies are 3 to 40 tokens long. */
const COPY_CHANCE = 0.12;
const OWN_FILE_SHARE = 0.6;
const COPY_TOKENS = { min: 3, max: 40 } as const;

/** Files of `numTokens` tokens in all. */
export function syntheticFiles(numTokens: number, seed: number): TokenFile[] {
  const random = seededRandom(seed);
  const between = ({ min, max }: { readonly min: number; readonly max: number }) =>
    min + Math.floor(random() * (max - min));
  const words = zipfTable();
  const word = () => words[Math.floor(random() * words.length)]!;
  const files: TokenFile[] = [];
  for (let left = numTokens; left > 0; ) {
    const tokens = new Int32Array(Math.min(left, between(FILE_TOKENS)));
    for (let at = 0; at < tokens.length; ) {
      if (random() >= COPY_CHANCE) {
        tokens[at++] = word();
        continue;
      }
      const isOwn = random() < OWN_FILE_SHARE || files.length === 0;
      const from = isOwn ? tokens.subarray(0, at) : pickRecent(files, random).tokens;
      const start = Math.floor(random() * from.length);
      const copy = from.slice(start, start + between(COPY_TOKENS)).subarray(0, tokens.length - at);
      tokens.set(copy, at);
      at += copy.length;
    }
    const folder = Math.floor(files.length / FILES_PER_FOLDER);
    files.push({ path: `src/${folder}/file${files.length}.ts`, tokens });
    left -= tokens.length;
  }
  return files;
}

/** A file of about the last hundred, the newer the likelier. */
function pickRecent(files: readonly TokenFile[], random: () => number): TokenFile {
  const age = Math.floor(random() * random() * Math.min(files.length, 100));
  return files[files.length - 1 - age]!;
}

/** Words as often as they come: drawing evenly from it follows Zipf's law. */
function zipfTable(): Int32Array {
  const size = 2 ** 18;
  const weights = Array.from({ length: NUM_WORDS }, (_, rank) => (rank + 1) ** -ZIPF_EXPONENT);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Int32Array(size);
  let filled = 0;
  let reached = 0;
  for (const [word, weight] of weights.entries()) {
    reached += weight / total;
    const end = Math.min(size, Math.round(reached * size));
    table.fill(word, filled, end);
    filled = Math.max(filled, end);
  }
  return table;
}

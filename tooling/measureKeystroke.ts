/**
 * What a key and a new place cost: at hidden places of pinned packages with a full prompt (1,024 tokens, a quarter of them
 * behind the cursor) the place is asked once, then the first characters of what stood there are typed one by one, each asked when the one before is
 * answered. With the prompt that begins its middle at the cursor and with another arm, in turns, each from empty caches. Then each
 * place is asked as a new one: with the shortest prompt, with one as long as the time until the first line allows, and with the
 * whole one. Needs the build; run it on an idle machine.
 *
 *   npm run bench:keystroke -- [--target GGUF] [--draft GGUF] [--gpu off] [--arm line+heal] [--places 8] [--keys 3] [--seed 1]
 *                              [--first-line 1000] [--workspace DIR]
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type PromptArm, promptArm } from "../src/bench/accuracy/promptArms.ts";
import { median, medianInterval } from "../src/bench/base/statistics.ts";
import { drawSpots, type SourceSpot } from "../src/bench/spots/sourceSpots.ts";
import { draftSources, type EngineSession, withEngine } from "../src/cli/base/engineSession.ts";
import { Terminal } from "../src/cli/base/terminal.ts";
import { readPackageSources } from "../src/cli/sources/packageSources.ts";
import { readWorkspaceSources } from "../src/cli/sources/workspaceSources.ts";
import { GPU_CHOICES, type GpuChoice } from "../src/core/base/backend.ts";
import { FLOOR_TOKENS } from "../src/core/prompt/promptLength.ts";
import type { CompleteParams, CompletionChunk } from "../src/engine/protocol/completeMessages.ts";

/** What a prompt that ends at the cursor costs is what others are compared with. */
const CURSOR = promptArm("cursor")!;
const CLI = fileURLToPath(new URL("../dist/cli.mjs", import.meta.url));
/** How many times as soon the other arm's first token and first line must come. */
const WANTED = { token: 10, line: 4 } as const;
const MAX_TOKENS = 32;
/** A new place's first line may come so many times later than the larger of the shortest prompt's and the time that is set. */
const COLD_SLACK = 1.1;
const COLD_PROMPTS = ["shortest", "in time", "whole"] as const;
/** UTF-16 code units around a place that surely fill a prompt of 1,024 tokens and its quarter behind the cursor. */
const MIN_CHARS = { prefix: 6000, suffix: 2000 } as const;
/** Places that are drawn for one that has so much text around it. */
const DRAWS = 50;

interface Key {
  readonly tokenMs: number;
  readonly lineMs: number;
  readonly numRead: number;
}

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    draft: { type: "string" },
    gpu: { type: "string", default: "off" },
    arm: { type: "string", default: "line+heal" },
    places: { type: "string", default: "8" },
    keys: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    "first-line": { type: "string", default: "1000" },
    workspace: { type: "string" },
  },
});
const arm = promptArm(values.arm);
const gpu = GPU_CHOICES.find((choice) => choice === values.gpu);
if (arm === undefined) throw new Error(`Expected an arm such as line+heal, found ${values.arm}.`);
if (gpu === undefined) throw new Error(`Expected one of ${GPU_CHOICES}, found ${values.gpu}.`);
const numKeys = Number(values.keys);
const firstLineMs = Number(values["first-line"]);
const { signal } = new AbortController();
const cliUrl = pathToFileURL(CLI).href;
const files =
  values.workspace === undefined
    ? await readPackageSources({ cliUrl }, signal)
    : (await readWorkspaceSources(values.workspace, process.cwd(), signal)).files;
const spots = drawSpots(files, Number(values.places) * DRAWS, Number(values.seed))
  .filter(
    ({ prefixText, suffixText, hiddenText }) =>
      prefixText.length >= MIN_CHARS.prefix &&
      suffixText.length >= MIN_CHARS.suffix &&
      hiddenText.length > numKeys,
  )
  .slice(0, Number(values.places));
const context = {
  terminal: new Terminal(process.stdout, process.stderr, process.env),
  cliUrl,
  env: process.env,
  workingFolder: process.cwd(),
};
await withEngine(
  modelOptions(gpu),
  context,
  async (session) => {
    await measure(session, arm);
    await measureCold(session, arm);
  },
  signal,
);

function modelOptions(choice: GpuChoice) {
  const { target, draft } = values;
  return { ...(target && { target }), ...(draft && { draft }), gpu: choice };
}

async function measure(session: EngineSession, other: PromptArm): Promise<void> {
  const ratios = { token: [] as number[], line: [] as number[] };
  for (const [index, spot] of spots.entries()) {
    const keys = new Map<PromptArm, Key[]>();
    const order = index % 2 === 0 ? [CURSOR, other] : [other, CURSOR];
    for (const one of order) keys.set(one, await typeAt(session, spot, one));
    const middle = (one: PromptArm, of: (key: Key) => number) => median(keys.get(one)!.map(of));
    const tokenRatio = middle(CURSOR, tokenMsOf) / middle(other, tokenMsOf);
    const lineRatio = middle(CURSOR, lineMsOf) / middle(other, lineMsOf);
    ratios.token.push(tokenRatio);
    ratios.line.push(lineRatio);
    const words = order
      .toSorted((a, b) => Number(b === CURSOR) - Number(a === CURSOR))
      .map(
        (one) =>
          `${one.name} ${middle(one, tokenMsOf).toFixed(0)} ms to the token, ${middle(one, lineMsOf).toFixed(0)} to the line, ` +
          `${middle(one, ({ numRead }) => numRead)} tokens read`,
      );
    print(`${spot.path}:${spot.line}: ${words.join("; ")}`);
  }
  const told = (what: "token" | "line") => {
    const { median: middle, low, high } = medianInterval(ratios[what], Number(values.seed));
    return `first ${what} ${middle.toFixed(1)} × as soon (${low.toFixed(1)}-${high.toFixed(1)}, at least ${WANTED[what]} wanted)`;
  };
  print(
    `A key with ${other.name}, beside cursor, at ${spots.length} places: ${told("token")}, ${told("line")}.`,
  );
  const holds = (["token", "line"] as const).every((what) => median(ratios[what]) >= WANTED[what]);
  if (!holds) process.exitCode = 1;
}

async function measureCold(session: EngineSession, other: PromptArm): Promise<void> {
  const all = new Map(COLD_PROMPTS.map((prompt) => [prompt, [] as Cold[]]));
  for (const [index, spot] of spots.entries()) {
    const order = index % 2 === 0 ? COLD_PROMPTS : COLD_PROMPTS.toReversed();
    for (const prompt of order) all.get(prompt)!.push(await askCold(session, spot, other, prompt));
    const words = COLD_PROMPTS.map((prompt) => {
      const { lineMs, numTokens } = all.get(prompt)!.at(-1)!;
      return `${prompt} ${lineMs.toFixed(0)} ms, ${numTokens} tokens`;
    });
    print(`${spot.path}:${spot.line}, new: ${words.join("; ")}`);
  }
  const [shortest, inTime] = COLD_PROMPTS.map((prompt) => all.get(prompt)!);
  const isSoon = ({ lineMs }: Cold, index: number) =>
    lineMs <= COLD_SLACK * Math.max(shortest![index]!.lineMs, firstLineMs);
  const numSoon = inTime!.filter(isSoon).length;
  const told = COLD_PROMPTS.map((prompt) => {
    const colds = all.get(prompt)!;
    const middle = (of: (cold: Cold) => number) => median(colds.map(of));
    return `${prompt} ${middle(({ lineMs }) => lineMs).toFixed(0)} ms (${middle(({ numTokens }) => numTokens)} tokens)`;
  });
  print(
    `A new place with ${other.name} and ${firstLineMs} ms until the first line: ${told.join(", ")}. In time, or as soon as the ` +
      `shortest: ${numSoon} of ${spots.length} places.`,
  );
  if (numSoon < spots.length) process.exitCode = 1;
}

interface Cold {
  readonly lineMs: number;
  readonly numTokens: number;
}

async function askCold(
  { client, models }: EngineSession,
  { path, prefixText, suffixText }: SourceSpot,
  arm: PromptArm,
  prompt: (typeof COLD_PROMPTS)[number],
): Promise<Cold> {
  const nothing = { prefixText: "0", suffixText: "", maxTokens: 1, sources: [] };
  await client.complete({ ...nothing, reusesPrompt: false }, () => {}, signal);
  const { lineMs, result } = await timed(client, {
    ...{ prefixText, suffixText, filePath: path, ...arm.request, maxTokens: MAX_TOKENS },
    sources: draftSources(models),
    ...(prompt === "shortest" && { maxPromptTokens: FLOOR_TOKENS }),
    ...(prompt === "in time" && { firstLineMs }),
  });
  return { lineMs, numTokens: result.stats.numPromptTokens };
}

/** Asks, and says when the first line was whole; where none was before the end, then. */
async function timed(client: EngineSession["client"], params: CompleteParams) {
  const start = performance.now();
  let lineMs = 0;
  const onChunk = ({ endsLine }: CompletionChunk) => {
    if (endsLine && lineMs === 0) lineMs = performance.now() - start;
  };
  const result = await client.complete(params, onChunk, signal);
  return { lineMs: lineMs === 0 ? performance.now() - start : lineMs, result };
}

/** The keys after the first question, which reads the whole prompt. */
async function typeAt(
  { client, models }: EngineSession,
  { path, prefixText, suffixText, hiddenText }: SourceSpot,
  arm: PromptArm,
): Promise<Key[]> {
  const keys: Key[] = [];
  for (let numTyped = 0; numTyped <= numKeys; numTyped++) {
    const { lineMs, result } = await timed(client, {
      ...{ suffixText, filePath: path, ...arm.request, keepsAnchor: true },
      prefixText: prefixText + hiddenText.slice(0, numTyped),
      ...{ maxTokens: MAX_TOKENS, sources: draftSources(models) },
      // Another arm's prompt is of this place, too.
      reusesPrompt: numTyped > 0,
    });
    if (numTyped === 0) continue;
    const { timings, stats } = result;
    keys.push({
      tokenMs: timings.firstTokenMs,
      lineMs,
      numRead: stats.numPromptTokens - stats.numReusedTokens,
    });
  }
  return keys;
}

function tokenMsOf({ tokenMs }: Key): number {
  return tokenMs;
}

function lineMsOf({ lineMs }: Key): number {
  return lineMs;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

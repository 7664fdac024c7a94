/** `bench --against`: the same prompts, as tokens, on Treeline and on llama-servers, one after the other at each place. */
import {
  type AgainstReport,
  againstReport,
  type Contender,
  type ContenderRun,
  FUSED_RUN,
  formatAgainstReport,
  PLAIN_RUN,
  type PlaceRuns,
} from "../../bench/accuracy/againstReport.ts";
import { placeFacts, placeKey, rawTextOf } from "../../bench/accuracy/placeResult.ts";
import type { StopSpot } from "../../bench/spots/stopSpots.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import { watchOthers } from "../../engine/measure/machineFacts.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import { systemClock } from "../../session/clock.ts";
import { CliError } from "../base/cliError.ts";
import { draftSources } from "../base/engineSession.ts";
import { VERSION } from "../base/version.ts";
import type { BenchSuite, NamedServer, SuiteSurroundings } from "./benchSuite.ts";
import { LlamaServer, type ServerFacts } from "./llamaServer.ts";
import { drawPlaces, placeProgress } from "./placeRun.ts";
import { ResumeFile, resumePath } from "./resumeFile.ts";

const DEFAULT_PLACES = 24;
const MAX_TOKENS = 64;
/** Places at which drafts are learned and machines warm up, without being measured. */
const NUM_WARMUPS = 4;
/** After their last pass threads watch for another one, which is no work of others; in ms. */
const REST_MS = 300;

interface Opponent {
  readonly name: string;
  readonly server: LlamaServer;
}

export const againstSuite: BenchSuite<AgainstReport> = {
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { seed } = options;
    const { models } = session;
    const maxTokens = options.maxTokens ?? MAX_TOKENS;
    const numPlaces = options.prompts ?? DEFAULT_PLACES;
    const drawn = await drawPlaces(surroundings, numPlaces + NUM_WARMUPS, signal);
    const warnings: string[] = [];
    const own = (name: string, how: string) => ({
      name,
      what: `Treeline ${VERSION}${how}`,
      isServer: false,
    });
    const contenders: Contender[] = [
      own(PLAIN_RUN, `, llama.cpp ${models.llamaCppVersion}, one token a pass`),
      own(FUSED_RUN, ` with ${draftSources(models).join(", ")}`),
    ];
    const opponents: Opponent[] = [];
    for (const named of options.against ?? []) {
      const server = new LlamaServer(named);
      const facts = await server.facts(signal);
      const name = nameOf(named, contenders);
      warnings.push(...(await checkServer(server, facts, surroundings, drawn.spots[0]!, signal)));
      contenders.push({
        name,
        what: `llama-server ${facts.build} at ${server.address}, ${facts.model}`,
        isServer: true,
      });
      opponents.push({ name, server });
      context.terminal.note(`The text around each place is sent to ${server.address} (${name}).`);
    }
    const run = {
      target: models.target.name,
      draft: models.draft?.name ?? null,
      backend: models.backend,
      origin: drawn.sources.origin,
      seed,
      maxTokens,
    };
    const file = await ResumeFile.open<PlaceRuns>(resumePath(surroundings), {
      what: "against",
      ...run,
      targetBytes: models.target.fileBytes,
      draftBytes: models.draft?.fileBytes ?? null,
      contenders: contenders.map(({ name, what }) => `${name}: ${what}`).join("; "),
    });
    const warmups = drawn.spots.slice(0, NUM_WARMUPS);
    const spots = drawn.spots.slice(NUM_WARMUPS);
    const tellDone = placeProgress("against", spots, context.terminal);
    const places: PlaceRuns[] = [];
    try {
      if (spots.some((spot) => !file.done.has(placeKey(spot)))) {
        for (const [index, spot] of warmups.entries()) {
          await runAt(spot, index, maxTokens, opponents, surroundings, signal);
        }
      }
      for (const [index, spot] of spots.entries()) {
        const known = file.done.get(placeKey(spot));
        const result =
          known ?? (await runAt(spot, index, maxTokens, opponents, surroundings, signal));
        if (known === undefined) await file.add(result);
        places.push(result);
        tellDone(known !== undefined);
      }
    } catch (error) {
      // What was measured before Ctrl+C is reported, unless it is nothing; the command ends as interrupted all the same.
      if (!signal.aborted || places.length === 0) throw error;
    }
    if (places.length === 0) {
      throw new CliError(
        `Expected more than ${NUM_WARMUPS} places, as so many warm up, found ${drawn.spots.length} in ${drawn.sources.origin}.`,
      );
    }
    return againstReport(places, { ...run, contenders, numWanted: numPlaces, warnings });
  },
  format: formatAgainstReport,
};

/** The user's name, or the address; never one that another has. */
function nameOf({ label, url }: NamedServer, taken: readonly Contender[]): string {
  const name = label ?? url.host;
  if (!taken.some((other) => other.name === name)) return name;
  throw new CliError(
    `Two contenders are called ${name}. Name servers apart, as with --against draft=${url.href}.`,
  );
}

/**
 * Whether a server can run our prompts.
 * @returns what is doubtful about it. @throws CliError where it serves another model.
 */
async function checkServer(
  { address }: LlamaServer,
  facts: ServerFacts,
  { session: { client, models, params } }: SuiteSurroundings,
  { prefixText, suffixText }: StopSpot,
  signal: AbortSignal,
): Promise<string[]> {
  const question = { prefixText, suffixText, maxTokens: 1, nextText: "" };
  const { vocabSize } = await client.promptOf(question, signal);
  if (facts.vocabSize !== null && facts.vocabSize !== vocabSize) {
    throw new CliError(
      `Expected ${models.target.name} at ${address}, found ${facts.model}: its vocabulary has ${facts.vocabSize} tokens, the ` +
        `target's ${vocabSize}. Start it with -m ${params.targetPath}.`,
    );
  }
  const ownFile = params.targetPath.split(/[\\/]/).at(-1);
  return [
    ...(facts.model === ownFile
      ? []
      : [`${address} serves ${facts.model}, Treeline ${ownFile}: are they the same model?`]),
    ...(facts.vocabSize === null
      ? [`${address} does not tell its vocabulary's size, so that is not compared.`]
      : []),
    ...((facts.numSlots ?? 1) > 1
      ? [`${address} has ${facts.numSlots} slots; one is enough here and may be faster.`]
      : []),
  ];
}

/** All contenders at one place; who comes second takes turns. */
async function runAt(
  spot: StopSpot,
  turn: number,
  maxTokens: number,
  opponents: readonly Opponent[],
  surroundings: SuiteSurroundings,
  signal: AbortSignal,
): Promise<PlaceRuns> {
  const { client, models } = surroundings.session;
  const { prefixText, suffixText, path, language, line } = spot;
  const request = { prefixText, suffixText, filePath: path, languageId: language, maxTokens };
  const { promptTokens } = await client.promptOf({ ...request, nextText: "" }, signal);
  // Later the servers' work could not be told from others'.
  await systemClock.delay(REST_MS, signal);
  const othersShare = await watchOthers(signal);
  const own = (name: string, sources: readonly DraftSource[]) =>
    client.complete(
      // What one has suggested here the other must not draft from.
      { ...request, documentPath: `${name}:${path}:${line}`, sources, reusesPrompt: false },
      () => {},
      signal,
    );
  const plain = await own(PLAIN_RUN, []);
  const numTokens = plain.tokens.length + (plain.finishReason === "endToken" ? 1 : 0);
  const runs: Record<string, ContenderRun> = { [PLAIN_RUN]: ownRun(plain, spot) };
  const speculation: Record<string, string | null> = {};
  const others: (() => Promise<void>)[] = [
    async () => {
      runs[FUSED_RUN] = ownRun(await own(FUSED_RUN, draftSources(models)), spot);
    },
    ...opponents.map(({ name, server }) => async () => {
      const result = await server.complete(promptTokens, Math.max(1, numTokens), signal);
      const tokens = result.tokens?.slice(0, plain.tokens.length) ?? null;
      if (result.numPromptTokens !== promptTokens.length) {
        throw new CliError(
          `Expected ${server.address} to evaluate all ${promptTokens.length} tokens of the prompt, found ` +
            `${result.numPromptTokens}. Start it without --cache-reuse.`,
        );
      }
      speculation[name] = result.speculation;
      runs[name] = {
        tokens,
        text: rawTextOf([result.text], spot),
        // Its clock of decoding starts with the first token.
        numDecoded: result.numTokens - 1,
        decodeMs: result.decodeMs,
        firstTokenMs: result.promptMs,
        totalMs: result.promptMs + result.decodeMs,
        numDraftTokens: result.numDraftTokens,
        numAcceptedTokens: result.numAcceptedTokens,
      };
    }),
  ];
  const start = turn % others.length;
  for (const run of [...others.slice(start), ...others.slice(0, start)]) await run();
  return {
    ...placeFacts(spot),
    numPromptTokens: promptTokens.length,
    othersShare,
    runs,
    speculation,
  };
}

function ownRun(
  { tokens, pieces, finishReason, timings, stats }: CompletionResult,
  spot: StopSpot,
) {
  return {
    tokens: Array.from(tokens),
    text: rawTextOf(pieces, spot),
    numDecoded: tokens.length + (finishReason === "endToken" ? 1 : 0),
    decodeMs: timings.decodeMs,
    firstTokenMs: timings.firstTokenMs,
    totalMs: timings.totalMs,
    numDraftTokens: stats.numDraftTokens,
    numAcceptedTokens: stats.numAcceptedTokens,
  };
}

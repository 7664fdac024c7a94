/** Records a trace of a loaded pair into a file: place by place, every repository in turn, until there are enough tokens. */

import { wholeTextTokenizer } from "../../../src/engine/measure/benchWorkspace.ts";
import { freezeThreads, type ModelPair } from "../../../src/engine/models/modelHost.ts";
import type { TraceHeader, TracePrompt, TraceRepository, TraceSettings } from "../trace/trace.ts";
import { PlaceRecorder } from "./placeRecorder.ts";
import { openRecording } from "./traceFile.ts";
import { assertSameRecording, identify, measured } from "./traceHeader.ts";
import { readTraceSources } from "./traceSources.ts";

export interface RecordSettings extends TraceSettings {
  readonly path: string;
  readonly sourcesFolder: string;
  /** Output tokens that are wanted in all. */
  readonly numTokens: number;
}

/** How far a recording is. */
export interface RecordProgress {
  readonly numTokens: number;
  readonly numPlaces: number;
  /** What was recorded last, or is being done. */
  readonly what: string;
}

/**
 * Goes on with the file if it is there.
 * @throws EngineError `invalidRequest` if it is a trace of anything else, or none; what the models throw.
 */
export async function recordTrace(
  pair: ModelPair,
  { path, sourcesFolder, numTokens, maxTokens, maxPromptTokens }: RecordSettings,
  onProgress: (progress: RecordProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  using _ = freezeThreads(pair);
  const tell = (what: string) => onProgress({ numTokens: 0, numPlaces: 0, what });
  tell("reading sources and models");
  const sources = await readTraceSources(sourcesFolder);
  const identity = await identify(pair, { maxTokens, maxPromptTokens }, sources);
  const tokenizer = wholeTextTokenizer(pair.target.model);
  const repositories: TraceRepository[] = [];
  for (const [index, { files }] of sources.entries()) {
    const tokenized = [];
    for (const { path: filePath, text } of files) {
      tokenized.push({ path: filePath, tokens: await tokenizer.tokenize(text, signal) });
    }
    repositories.push({ index, files: tokenized });
  }
  const begin = async () => {
    tell("measuring what passes cost");
    return { header: await measured(identity, pair, signal), repositories };
  };
  const check = (header: TraceHeader) => assertSameRecording(path, header, identity);
  const { writer, trace } = await openRecording(path, check, begin);
  await using file = writer;
  const recorder = new PlaceRecorder(pair, trace, signal);
  const done = new Set<string>();
  let total = 0;
  let numPlaces = 0;
  const count = ({ repository, place, output }: TracePrompt) => {
    done.add(`${repository} ${place}`);
    total += output.length;
    numPlaces++;
  };
  for (const prompt of trace.prompts) {
    count(prompt);
    await recorder.learn(prompt);
  }
  const mostPlaces = Math.max(...sources.map(({ spots }) => spots.length));
  for (let place = 0; place < mostPlaces; place++) {
    for (const [repository, { spots, languageId }] of sources.entries()) {
      const spot = spots[place];
      if (spot === undefined || done.has(`${repository} ${place}`)) continue;
      if (total >= numTokens) return;
      const visible = await tokenizer.tokenize(spot.prefixText + spot.suffixText, signal);
      const prompt = await recorder.record({ repository, place, languageId }, spot, visible);
      await file.append(prompt);
      await recorder.learn(prompt);
      count(prompt);
      const what = `${spot.path}:${spot.line}`;
      onProgress({ numTokens: total, numPlaces, what });
    }
  }
  if (total < numTokens) tell(`the sources have no more places: ${total} of ${numTokens} tokens`);
}

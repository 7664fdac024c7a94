/**
 * A llama-server, llama.cpp's HTTP server, that somebody else started: what it says of itself, and greedy completions of
 * prompts given as tokens.
 * @see llama.cpp, tools/server/README.md: GET /props, GET /v1/models, POST /completion.
 */
import * as v from "valibot";
import { messageOf } from "../../core/base/errors.ts";
import { finite } from "../../core/base/messageSchema.ts";
import { CliError } from "../base/cliError.ts";
import type { NamedServer } from "./benchSuite.ts";

/** What a server says of itself. */
export type ServerFacts = Awaited<ReturnType<LlamaServer["facts"]>>;

// What a server leaves out, or says otherwise, is not known; only what nothing can be said without is asked for.
const number = v.fallback(v.nullable(finite), null);
const text = v.fallback(v.nullable(v.pipe(v.string(), v.minLength(1))), null);

const propsAnswer = v.object({
  default_generation_settings: v.object({}),
  model_path: text,
  model_alias: text,
  build_info: text,
  total_slots: number,
});

/** Of the OpenAI dialect; a server without it is one all the same. */
const modelsAnswer = v.object({
  data: v.fallback(v.array(v.object({ meta: v.object({ n_vocab: number }) })), []),
});

const completionAnswer = v.object({
  content: v.string(),
  tokens: v.fallback(v.nullable(v.array(v.pipe(v.number(), v.integer()))), null),
  timings: v.object({
    prompt_ms: finite,
    predicted_ms: finite,
    predicted_n: number,
    prompt_n: number,
    draft_n: number,
    draft_n_accepted: number,
  }),
  generation_settings: v.fallback(v.record(v.string(), v.unknown()), {}),
});

const errorAnswer = v.object({ error: v.object({ message: text }) });

/** What to do about an answer that is none, by its HTTP status. */
const REMEDIES: Readonly<Record<number, string>> = {
  401: "Start it without --api-key.",
  403: "Start it without --api-key.",
  404: "Expected llama.cpp's llama-server: check the address.",
  503: "Wait until it has loaded its model.",
};

/** In ms: for facts, and for a completion, whose prompt takes its time on a CPU. */
const FACTS_TIMEOUT_MS = 10_000;
const COMPLETION_TIMEOUT_MS = 300_000;
/** Of what a server says in place of an answer. */
const MAX_QUOTED_CHARS = 200;

export class LlamaServer {
  /** The address without what is behind it, for messages. */
  readonly address: string;
  readonly #base: string;

  constructor({ url }: Pick<NamedServer, "url">) {
    this.#base = url.href.replace(/\/+$/, "");
    this.address = url.host;
  }

  /** @throws CliError if nothing answers there, or no llama-server. */
  async facts(signal: AbortSignal) {
    const props = v.safeParse(
      propsAnswer,
      await this.#ask("/props", undefined, FACTS_TIMEOUT_MS, signal),
    );
    if (!props.success) {
      throw new CliError(
        `Expected llama.cpp's llama-server at ${this.address}, found something whose /props is not its own. Check the address.`,
      );
    }
    const models = await this.#ask("/v1/models", undefined, FACTS_TIMEOUT_MS, signal).catch(
      (error: unknown) => {
        if (error instanceof CliError) return undefined;
        throw error;
      },
    );
    const { data } = v.parse(v.fallback(modelsAnswer, { data: [] }), models);
    const { model_path, model_alias, build_info, total_slots } = props.output;
    const model = model_path ?? model_alias ?? "an unnamed model";
    return {
      /** llama.cpp's build, as it names it. */
      build: build_info ?? "of an unknown build",
      /** The file's name, or the alias it was given. */
      model: model.split(/[\\/]/).at(-1) ?? model,
      /** Null where it does not tell. */
      vocabSize: data[0]?.meta.n_vocab ?? null,
      numSlots: total_slots,
    };
  }

  /**
   * Decodes greedily behind a prompt that is evaluated anew.
   * @param numTokens - output tokens at most; it ends before them where the model does.
   * @throws CliError that says what is wrong with the server or its answer; the signal's reason.
   */
  async complete(promptTokens: Int32Array, numTokens: number, signal: AbortSignal) {
    const request = {
      prompt: Array.from(promptTokens),
      n_predict: numTokens,
      temperature: 0,
      top_k: 1,
      // Nothing but the most likely token, found at the least cost.
      samplers: ["top_k", "temperature"],
      repeat_penalty: 1,
      cache_prompt: false,
      stream: false,
      return_tokens: true,
    };
    const answer = await this.#ask("/completion", request, COMPLETION_TIMEOUT_MS, signal);
    const found = v.safeParse(completionAnswer, answer);
    if (!found.success) {
      throw new CliError(
        `Expected text and timings from /completion of ${this.address}, found ${quoted(JSON.stringify(answer))}. ` +
          "Start a newer llama-server.",
      );
    }
    const { content, tokens, timings, generation_settings } = found.output;
    return {
      /** Null where the server does not return tokens, as old builds do not. */
      tokens,
      text: content,
      /** The server's clock: the pass over the prompt up to the first token, and all tokens behind the first. */
      promptMs: timings.prompt_ms,
      decodeMs: timings.predicted_ms,
      /** An end token included. */
      numTokens: timings.predicted_n ?? 0,
      /** That were evaluated; fewer than the prompt has where the server took some from its cache. */
      numPromptTokens: timings.prompt_n ?? promptTokens.length,
      numDraftTokens: timings.draft_n ?? 0,
      numAcceptedTokens: timings.draft_n_accepted ?? 0,
      /** How it drafts, as it names that; null where it does not tell. */
      speculation: speculationOf(generation_settings),
    };
  }

  async #ask(
    path: string,
    body: object | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<object> {
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#base + path, {
        ...(body === undefined
          ? {}
          : {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify(body),
            }),
        signal: AbortSignal.any([signal, timeout]),
        // The user named this server and no other.
        redirect: "error",
      });
      text = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) {
        throw new CliError(
          `${this.address} did not answer ${path} within ${timeoutMs / 1000} s. Check that it runs and is idle.`,
        );
      }
      throw new CliError(
        `No llama-server answers at ${this.address}: ${reasonOf(error)}. Start one, as with ` +
          "`llama-server -m TARGET.gguf --port 8080`, or check the address.",
      );
    }
    const answer = parsed(text);
    if (!response.ok) {
      const { status } = response;
      const fault = v.safeParse(errorAnswer, answer);
      const said = (fault.success ? fault.output.error.message : null) ?? text;
      const remedy = REMEDIES[status] ?? "";
      throw new CliError(
        `${this.address} answers ${path} with ${status}: ${quoted(said)}. ${remedy}`.trimEnd(),
      );
    }
    if (answer !== undefined) return answer;
    throw new CliError(
      `Expected JSON from ${path} of ${this.address}, found ${quoted(text)}. Is it a llama-server?`,
    );
  }
}

/** How the server drafts, with the settings that differ from none: `draft-simple, n_max 3`. */
function speculationOf(settings: Readonly<Record<string, unknown>>): string | null {
  const types = v.parse(text, settings["speculative.types"]);
  if (types === null) return null;
  const others = Object.entries(settings).flatMap(([name, value]) =>
    name.startsWith("speculative.") && name !== "speculative.types"
      ? [`${name.slice("speculative.".length)} ${String(value)}`]
      : [],
  );
  return [types, ...others].join(", ");
}

/** Fetch says "fetch failed"; why, its cause says. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? messageOf(cause ?? error);
}

/** What JSON says, where that is an object. */
function parsed(text: string): object | undefined {
  try {
    return v.parse(v.record(v.string(), v.unknown()), JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Somebody else's text, on one line. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal obeys them.
  const line = text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return JSON.stringify(line.slice(0, MAX_QUOTED_CHARS));
}

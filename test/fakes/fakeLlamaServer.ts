/** An HTTP server that answers as llama.cpp's llama-server of October 2026 does, with tokens of the test's choosing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeCompletion {
  readonly tokens: readonly number[];
  readonly content: string;
}

/** What a request to /completion asks. */
export interface CompletionBody {
  readonly prompt: readonly number[];
  readonly n_predict: number;
  readonly cache_prompt: boolean;
  readonly temperature: number;
}

type Route = (body: string, response: ServerResponse) => void;

export class FakeLlamaServer implements AsyncDisposable {
  readonly completions: CompletionBody[] = [];
  /** Of the model it seems to serve. */
  vocabSize = 8192;
  modelPath = "/models/some-target.gguf";
  /** Answers in place of its own, by path. */
  readonly routes = new Map<string, Route>();
  answer: (body: CompletionBody) => FakeCompletion = ({ n_predict: count }) => ({
    tokens: Array.from({ length: count }, (_, index) => index + 300),
    content: "x".repeat(count),
  });
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeLlamaServer> {
    const fake = new FakeLlamaServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += part;
    const path = request.url ?? "";
    const route = this.routes.get(path) ?? this.#own[path];
    if (route !== undefined) route(body, response);
    else
      json(response, 404, {
        error: { message: "File Not Found", type: "not_found_error", code: 404 },
      });
  }

  readonly #own: Readonly<Record<string, Route>> = {
    "/props": (_, response) =>
      json(response, 200, {
        default_generation_settings: { params: { "speculative.types": "none" }, n_ctx: 4096 },
        ...{ total_slots: 1, model_alias: this.modelPath, model_path: this.modelPath },
        build_info: "b7000-abcdef0",
      }),
    "/v1/models": (_, response) =>
      json(response, 200, {
        data: [{ id: this.modelPath, meta: { n_vocab: this.vocabSize, n_ctx: 4096 } }],
      }),
    "/completion": (body, response) => {
      const asked = JSON.parse(body) as CompletionBody;
      this.completions.push(asked);
      const { tokens, content } = this.answer(asked);
      json(response, 200, {
        ...{ content, tokens, stop_type: "limit" },
        generation_settings: { "speculative.types": "draft-simple", "speculative.n_max": 3 },
        timings: {
          ...{ cache_n: 0, prompt_n: asked.prompt.length, prompt_ms: 40 },
          ...{ predicted_n: tokens.length, predicted_ms: 10 * (tokens.length - 1) },
          ...{ draft_n: 12, draft_n_accepted: 5 },
        },
      });
    },
  };
}

/** Answers with JSON, or with text that is none. */
export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(typeof value === "string" ? value : JSON.stringify(value));
}

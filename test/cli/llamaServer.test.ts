import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliError } from "../../src/cli/base/cliError.ts";
import { LlamaServer } from "../../src/cli/bench/llamaServer.ts";
import { FakeLlamaServer, json } from "../fakes/fakeLlamaServer.ts";
import { NEVER } from "../support/never.ts";

let fake: FakeLlamaServer;
let server: LlamaServer;
beforeEach(async () => {
  fake = await FakeLlamaServer.start();
  server = new LlamaServer({ url: fake.url });
});
afterEach(() => fake[Symbol.asyncDispose]());

const PROMPT = Int32Array.from([5, 6, 7]);
const refusal = async (asked: Promise<unknown>) => {
  const error = await asked.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CliError);
  return (error as CliError).message;
};

describe("LlamaServer", () => {
  test("reads what a server says of itself", async () => {
    expect(await server.facts(NEVER)).toEqual({
      ...{ build: "b7000-abcdef0", model: "some-target.gguf", vocabSize: 8192, numSlots: 1 },
    });
    fake.routes.set("/v1/models", (_, response) => json(response, 404, {}));
    expect((await server.facts(NEVER)).vocabSize).toBeNull();
  });

  test("asks for greedy tokens behind the very prompt, evaluated anew", async () => {
    const completion = await server.complete(PROMPT, 4, NEVER);
    expect(fake.completions).toMatchObject([
      { prompt: [5, 6, 7], n_predict: 4, cache_prompt: false, temperature: 0 },
    ]);
    expect(completion).toEqual({
      ...{ tokens: [300, 301, 302, 303], text: "xxxx", promptMs: 40, decodeMs: 30, numTokens: 4 },
      ...{ numPromptTokens: 3, numDraftTokens: 12, numAcceptedTokens: 5 },
      speculation: "draft-simple, n_max 3",
    });
  });

  test("takes a path and a slash behind the address as a proxy has them", async () => {
    fake.routes.set("/llm/props", (_, response) =>
      json(response, 200, { default_generation_settings: { n_ctx: 1 }, build_info: "b1" }),
    );
    const behind = new LlamaServer({ url: new URL("llm/", fake.url) });
    expect(await behind.facts(NEVER)).toMatchObject({ build: "b1", model: "an unnamed model" });
  });

  test("says that nothing answers", async () => {
    const { url } = fake;
    await fake[Symbol.asyncDispose]();
    expect(await refusal(new LlamaServer({ url }).facts(NEVER))).toBe(
      `No llama-server answers at ${url.host}: ECONNREFUSED. Start one, as with \`llama-server -m TARGET.gguf --port 8080\`, ` +
        "or check the address.",
    );
    fake = await FakeLlamaServer.start();
  });

  test.each([
    [
      "another server",
      200,
      { hello: "world" },
      /^Expected llama\.cpp's llama-server at .*not its own/,
    ],
    [
      "a page",
      200,
      "<html>\n\u001b[31m</html>",
      /^Expected JSON from \/props .*"<html> \[31m<\/html>"/,
    ],
    [
      "no such path",
      404,
      "nothing here",
      /answers \/props with 404: "nothing here"\. Expected llama\.cpp's llama-server/,
    ],
    ["a model that loads", 503, { error: { message: "Loading model" } }, /"Loading model"\. Wait/],
    [
      "a key",
      401,
      { error: { message: "Invalid API Key" } },
      /"Invalid API Key"\. Start it without --api-key\.$/,
    ],
    [
      "a failure",
      500,
      { error: { message: `no\n${"a".repeat(999)}` } },
      /with 500: "no a{197}"\.$/,
    ],
  ])("says what is wrong with %s", async (_, status, answer, message) => {
    fake.routes.set("/props", (__, response) => json(response, status, answer));
    const said = await refusal(server.facts(NEVER));
    expect(said).toMatch(message);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may reach a terminal.
    expect(said).not.toMatch(/[\u0000-\u001f]/);
  });

  test("says what is wrong with completions", async () => {
    const answers: [number, unknown, RegExp][] = [
      [404, "", /answers \/completion with 404: "".* Expected llama/],
      [
        400,
        { error: { message: "request (3000 tokens) exceeds the context" } },
        /400: "request \(3000/,
      ],
      [200, { content: "x", tokens: [1] }, /^Expected text and timings .*Start a newer/],
      [200, { timings: { prompt_ms: 1, predicted_ms: 1 } }, /^Expected text and timings/],
    ];
    for (const [status, answer, message] of answers) {
      fake.routes.set("/completion", (_, response) => json(response, status, answer));
      expect(await refusal(server.complete(PROMPT, 4, NEVER))).toMatch(message);
    }
  });

  test("does without tokens, and without words on speculation, as old builds have none", async () => {
    fake.routes.set("/completion", (_, response) =>
      json(response, 200, {
        content: "",
        timings: { prompt_ms: 1, predicted_ms: 2, predicted_n: 3 },
      }),
    );
    expect(await server.complete(PROMPT, 4, NEVER)).toMatchObject({
      ...{ tokens: null, text: "", numTokens: 3, numPromptTokens: 3, speculation: null },
    });
  });

  test("follows nobody to another server", async () => {
    let numAsked = 0;
    const other = createServer((_, response) => {
      numAsked++;
      response.end("{}");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = other.address() as AddressInfo;
      fake.routes.set("/completion", (_, response) => {
        response.writeHead(307, { location: `http://127.0.0.1:${port}/completion` });
        response.end();
      });
      await refusal(server.complete(PROMPT, 4, NEVER));
      expect(numAsked).toBe(0);
    } finally {
      other.close();
    }
  });

  test("ends with the signal's reason while a server thinks", async () => {
    const controller = new AbortController();
    fake.routes.set("/completion", () => controller.abort());
    const asked = server.complete(PROMPT, 4, controller.signal);
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  });
});

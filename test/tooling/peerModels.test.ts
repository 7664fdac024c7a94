/** The peers' contexts on fakes of node-llama-cpp's models: how many there are, who shares one, and that all end. */
import { describe, expect, test } from "vitest";
import type { LlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import { PeerModels, peerMemoryProblem } from "../../tooling/peers/peerDecode.ts";
import {
  describePeer,
  PEER_DRAFT_SETTINGS,
  PEER_LOOKUP_SETTINGS,
  type PeerSetup,
  peerThreadChoices,
} from "../../tooling/peers/peerSettings.ts";
import { NEVER } from "../support/never.ts";

const FILE = { gpuLayers: 0, fileBytes: 100 };
const OPTIONS = {
  target: { ...FILE, path: "target" },
  draft: { ...FILE, path: "draft" },
  contextSize: 512,
  backend: "cpu",
} as const;
const END = { maxTokens: 3, isEndToken: () => false };

/** Notes what is opened, warmed and disposed; contexts answer every prompt with the same tokens. */
class FakeNodeLlama {
  readonly journal: string[] = [];
  numOpen = 0;
  failingContexts = 0;
  #numContexts = 0;

  get library(): Pick<LlamaLibrary, "nodeLlama"> {
    const loadModel = async ({ modelPath }: { modelPath: string }) => {
      this.numOpen++;
      return {
        tokenize: (text: string) => Array.from(text, (_, index) => index % 50),
        createContext: async ({ threads }: { threads: { ideal: number } }) => {
          if (this.failingContexts-- > 0) throw new Error("no memory");
          return this.#context(`${modelPath}#${++this.#numContexts} x${threads.ideal}`);
        },
        dispose: async () => void this.numOpen--,
      };
    };
    return { nodeLlama: { loadModel } as unknown as LlamaLibrary["nodeLlama"] };
  }

  #context(name: string) {
    const { journal } = this;
    journal.push(`open ${name}`);
    this.numOpen++;
    return {
      getSequence: ({ tokenPredictor }: { tokenPredictor?: object } = {}) => {
        this.numOpen++;
        return {
          tokenPredictor: tokenPredictor && { updateInputTokens() {} },
          tokenPredictions: { validated: 0, used: 0 },
          clearHistory: async () => void journal.push(`clear ${name}`),
          async *evaluate(prompt: readonly number[]) {
            journal.push(`decode ${prompt.length} on ${name}`);
            while (true) yield 7;
          },
          dispose: async () => void this.numOpen--,
        };
      },
      dispose: async () => {
        journal.push(`close ${name}`);
        this.numOpen--;
      },
    };
  }
}

const setup = (settings: PeerSetup["settings"], target = 2, draft = 1): PeerSetup => ({
  settings,
  threads: { target, draft },
});
const LOOKUP = setup(PEER_LOOKUP_SETTINGS[0]!);
const DRAFT = setup(PEER_DRAFT_SETTINGS[0]!);
const PROMPT = Int32Array.of(1, 2, 3);

async function openPeers() {
  const fake = new FakeNodeLlama();
  const peers = await PeerModels.open(fake.library, OPTIONS, NEVER);
  const decode = async (one: PeerSetup) => {
    await peers.prepare(one, NEVER);
    fake.journal.length = 0;
    await peers.decode(one, PROMPT, END, NEVER);
    return fake.journal;
  };
  return { fake, peers, decode };
}

describe("PeerModels", () => {
  test("in turns each kind finds the context of its last run, warm from the first on", async () => {
    const { fake, peers } = await openPeers();
    for (let round = 0; round < 3; round++) {
      for (const one of [LOOKUP, DRAFT]) {
        await peers.prepare(one, NEVER);
        await peers.decode(one, PROMPT, END, NEVER);
      }
    }
    const names = ["target#1 x2", "draft#2 x1", "target#3 x2"];
    expect(fake.journal.filter((line) => line.startsWith("open"))).toEqual(
      names.map((name) => `open ${name}`),
    );
    // Nobody measures the first generation of a context.
    for (const name of ["target#1 x2", "target#3 x2"]) {
      const decodes = fake.journal.filter(
        (line) => line.startsWith("decode") && line.endsWith(name),
      );
      expect(decodes).toEqual([
        `decode 256 on ${name}`,
        ...new Array(3).fill(`decode 3 on ${name}`),
      ]);
    }
    // Before every run its caches are emptied, also after warming them.
    const cleared = fake.journal.filter((line) => line === "clear target#1 x2");
    expect(cleared).toHaveLength(3);
    await peers[Symbol.asyncDispose]();
    expect(fake.numOpen).toBe(0);
  });

  test("another setting takes over the context, other threads need another", async () => {
    const { fake, peers, decode } = await openPeers();
    expect(await decode(DRAFT)).toEqual(["decode 3 on target#2 x2"]);
    expect(await decode(setup(PEER_DRAFT_SETTINGS[1]!))).toEqual(["decode 3 on target#2 x2"]);
    expect(await decode(setup(PEER_DRAFT_SETTINGS[1]!, 2, 2))).toEqual(["decode 3 on target#4 x2"]);
    expect(await decode(setup(PEER_DRAFT_SETTINGS[1]!, 1, 1))).toEqual(["decode 3 on target#6 x1"]);
    // Two models, and of each a context with its sequence: what was before is closed.
    expect(fake.numOpen).toBe(2 + 2 * 2);
    await peers[Symbol.asyncDispose]();
    expect(fake.numOpen).toBe(0);
  });

  test("without memory for a context fails, leaves the other kind's alone, and can be tried again", async () => {
    const { fake, peers, decode } = await openPeers();
    await decode(LOOKUP);
    const numOpen = fake.numOpen;
    fake.failingContexts = 1;
    await expect(peers.prepare(DRAFT, NEVER)).rejects.toThrow("no memory");
    expect(fake.numOpen).toBe(numOpen);
    expect(await decode(LOOKUP)).toEqual(["decode 3 on target#1 x2"]);
    expect(await decode(DRAFT)).toEqual(["decode 3 on target#3 x2"]);
    await peers[Symbol.asyncDispose]();
    expect(fake.numOpen).toBe(0);
  });

  test("refuses to decode by a setup that it was not prepared for", async () => {
    const { peers } = await openPeers();
    await expect(peers.decode(LOOKUP, PROMPT, END, NEVER)).rejects.toThrow(
      "before it was prepared",
    );
    await peers.prepare(LOOKUP, NEVER);
    const other = setup(PEER_LOOKUP_SETTINGS[1]!);
    await expect(peers.decode(other, PROMPT, END, NEVER)).rejects.toThrow("before it was prepared");
    await peers[Symbol.asyncDispose]();
  });
});

describe("peerMemoryProblem", () => {
  test("on a CPU asks for the models' size twice, and names both figures", () => {
    const file = { path: "m", gpuLayers: 0, fileBytes: 100e6 };
    const options = { ...OPTIONS, target: file, draft: file };
    expect(peerMemoryProblem(options, 400e6)).toBeUndefined();
    expect(peerMemoryProblem(options, 399e6)).toMatch(/400 MB .* should be free; 399 MB are/);
    // A device refuses by itself.
    expect(peerMemoryProblem({ ...options, backend: "cuda" }, 0)).toBeUndefined();
  });
});

describe("peerThreadChoices", () => {
  test("tries one thread and as many as ours, for the draft model as well", () => {
    expect(peerThreadChoices("draft", 4)).toEqual([
      { target: 4, draft: 1 },
      { target: 1, draft: 1 },
      { target: 4, draft: 4 },
    ]);
    expect(peerThreadChoices("lookup", 4)).toEqual([
      { target: 4, draft: 1 },
      { target: 1, draft: 1 },
    ]);
    expect(peerThreadChoices("draft", 1)).toEqual([{ target: 1, draft: 1 }]);
  });
});

describe("describePeer", () => {
  test("states the threads of both models", () => {
    expect(describePeer(setup(PEER_DRAFT_SETTINGS[1]!, 4, 1))).toBe(
      "DraftSequenceTokenPredictor, 3 tokens, confidence 0.3, 4 threads and 1 for the draft model",
    );
    expect(describePeer(setup(PEER_LOOKUP_SETTINGS[0]!, 1))).toBe(
      "InputLookupTokenPredictor, pattern 1+, prediction up to 3, 1 thread",
    );
  });
});

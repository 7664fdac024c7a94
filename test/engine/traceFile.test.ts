/** Traces on a real disk: what is cut off, damaged or foreign is refused with words, and a recording goes on. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTrace, TraceWriter } from "../../tooling/traces/record/traceFile.ts";
import type { Trace } from "../../tooling/traces/trace/trace.ts";
import { encodePrompt } from "../../tooling/traces/trace/traceCodec.ts";
import { DRAFT_PATH } from "../support/modelPaths.ts";
import { recordFakes } from "../support/traces.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "treeline-traces-"));
  path = join(folder, "fake.trace");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const recorded = await recordFakes({
  vocabSize: 12,
  order: 2,
  seed: 1,
  draftSeed: 2,
  prompts: [
    [3, 1, 4, 1, 5],
    [2, 7, 1],
    [9, 8, 7],
  ],
  endTokens: [],
  maxTokens: 12,
});

async function write({ header, repositories, prompts }: Trace): Promise<Buffer> {
  const writer = await TraceWriter.create(path, header, repositories);
  for (const prompt of prompts) await writer.append(prompt);
  await writer[Symbol.asyncDispose]();
  return readFileSync(path);
}

/** Some lengths from the first to the last, and all around those named. */
function lengths(first: number, last: number, named: Iterable<number>): number[] {
  const around = [...named, first, last].flatMap((at) => [
    at - 9,
    at - 8,
    at - 1,
    at,
    at + 1,
    at + 9,
  ]);
  const spread = Array.from({ length: 20 }, (_, step) =>
    Math.round(first + (step * (last - first)) / 20),
  );
  return [...new Set([...around, ...spread])].filter((at) => at >= first && at <= last);
}

const bytesOf = ({ prompts }: Trace) => prompts.map((prompt) => [...encodePrompt(prompt)]);

describe("readTrace", () => {
  test("reads what was written", async () => {
    await write(recorded);
    const read = await readTrace(path);
    expect(read.header).toEqual(recorded.header);
    expect(read.repositories).toEqual(recorded.repositories);
    expect(bytesOf(read)).toEqual(bytesOf(recorded));
  });

  test("refuses a file that is cut off anywhere but between parts, and says what to do", async () => {
    const whole = await write(recorded);
    const ends = new Set<number>([whole.length]);
    for (let numPrompts = 0; numPrompts < recorded.prompts.length; numPrompts++) {
      rmSync(path);
      const prompts = recorded.prompts.slice(0, numPrompts);
      ends.add((await write({ ...recorded, prompts })).length);
    }
    for (const length of lengths(0, whole.length, ends)) {
      writeFileSync(path, whole.subarray(0, length));
      if (ends.has(length)) {
        expect((await readTrace(path)).header).toEqual(recorded.header);
        continue;
      }
      await expect(readTrace(path)).rejects.toMatchObject({
        code: "invalidRequest",
        message: expect.stringMatching(/does not begin as one|cut off.*[Rr]ecord again/),
      });
    }
  });

  test("refuses a damaged part, another version, and what is no trace", async () => {
    const whole = await write(recorded);
    const damaged = Buffer.from(whole);
    damaged[60]! ^= 1;
    writeFileSync(path, damaged);
    await expect(readTrace(path)).rejects.toThrow("the part at byte 12 is damaged");
    const newer = Buffer.from(whole);
    newer.writeUInt32LE(99, 8);
    writeFileSync(path, newer);
    await expect(readTrace(path)).rejects.toThrow("its version is 99");
    await expect(readTrace(DRAFT_PATH)).rejects.toThrow("it does not begin as one");
    await expect(readTrace(join(folder, "none"))).rejects.toThrow(
      /Expected a trace at .*none, found none \(ENOENT\)/,
    );
  });
});

describe("TraceWriter", () => {
  test("goes on behind the last whole place, wherever it was stopped", async () => {
    const [first, ...others] = recorded.prompts;
    const head = (await write({ ...recorded, prompts: [first!] })).length;
    rmSync(path);
    const whole = await write(recorded);
    for (const length of lengths(head, whole.length, [])) {
      writeFileSync(path, whole.subarray(0, length));
      const { writer, trace } = await TraceWriter.resume(path, () => {});
      for (const prompt of others.slice(trace.prompts.length - 1)) await writer.append(prompt);
      await writer[Symbol.asyncDispose]();
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
  });

  test("leaves a file as it is that goes on from something else", async () => {
    const whole = await write(recorded);
    const torn = whole.subarray(0, -3);
    writeFileSync(path, torn);
    const refuse = () => {
      throw new RangeError("another one");
    };
    await expect(TraceWriter.resume(path, refuse)).rejects.toThrow("another one");
    expect(readFileSync(path).equals(torn)).toBe(true);
  });

  test("never begins over a file that is there", async () => {
    const whole = await write(recorded);
    const { header, repositories } = recorded;
    await expect(TraceWriter.create(path, header, repositories)).rejects.toThrow(
      "found one: it is not replaced",
    );
    expect(readFileSync(path).equals(whole)).toBe(true);
  });
});

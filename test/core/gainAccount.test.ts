import { describe, expect, test } from "vitest";
import {
  book,
  isLoss,
  netAtBest,
  newGainAccount,
  putInQuestion,
} from "../../src/core/budget/gainAccount.ts";
import { GroupAccount } from "../../src/core/budget/groupAccount.ts";

const WORTH = { plainMs: 10, tokenMs: 10, isPlainKnown: true };

/** An account of so many steps, one in ten of which gains. @param gainTokens - of that one. */
function rarelyGaining(numSteps: number, gainTokens: number, costMs: number) {
  const account = newGainAccount();
  for (let step = 0; step < numSteps; step++) {
    book(account, { costMs, gainTokens: step % 10 === 0 ? gainTokens : 0 }, WORTH.tokenMs);
  }
  return account;
}

describe("netAtBest", () => {
  test("finds a small loss in noise over many steps, not in few", () => {
    // 2 ms in the mean for 2.8.
    const few = rarelyGaining(35, 2, 2.8);
    const many = rarelyGaining(405, 2, 2.8);
    expect(isLoss(netAtBest(few, WORTH.tokenMs), WORTH)).toBe(false);
    expect(isLoss(netAtBest(many, WORTH.tokenMs), WORTH)).toBe(true);
  });

  test("what was before a change convicts nobody", () => {
    const account = rarelyGaining(400, 2, 2.8);
    putInQuestion(account);
    for (let step = 0; step < 12; step++) {
      // 0.1 less than nothing on average, and noisy.
      const gainTokens = step % 2 === 0 ? 0.5 : 0;
      book(account, { costMs: 2.6, gainTokens }, WORTH.tokenMs);
    }
    expect(isLoss(netAtBest(account, WORTH.tokenMs), WORTH)).toBe(false);
  });
});

describe("GroupAccount", () => {
  /** Steps until it is active again, each of `count` times. */
  function pauses(count: number, costMs: number): number[] {
    const group = new GroupAccount();
    let step = 0;
    return Array.from({ length: count }, () => {
      for (; !group.loses(WORTH, 0); step++) {
        group.book(1, { gainTokens: 1, costMs: WORTH.plainMs + costMs }, WORTH.plainMs);
      }
      group.pause(step, WORTH);
      const start = step;
      while (!group.isActive(step)) step++;
      return step - start;
    });
  }

  test("sits out twice as long each time, four times after a large loss", () => {
    expect(pauses(4, 1)).toEqual([64, 128, 256, 512]);
    expect(pauses(4, 5)).toEqual([64, 256, 1024, 2048]);
  });

  test("is judged by what plain decoding takes now, not by what was believed when steps were booked", () => {
    const group = new GroupAccount();
    for (let step = 0; step < 20; step++) group.book(1, { gainTokens: 1.5, costMs: 18 }, 10);
    expect(group.loses(WORTH, 0)).toBe(true);
    expect(group.loses({ ...WORTH, plainMs: 13 }, 0)).toBe(false);
  });

  test("what could be saved is no gain: it forgets no pause", () => {
    const group = new GroupAccount();
    const lose = () => {
      for (let step = 0; step < 12; step++) {
        group.book(1, { gainTokens: 1, costMs: WORTH.plainMs + 1 }, WORTH.plainMs);
      }
    };
    lose();
    group.pause(0, WORTH);
    lose();
    expect(group.loses(WORTH, 9)).toBe(false);
    group.pause(100, WORTH);
    expect(group.isActive(100 + 127)).toBe(false);
  });
});

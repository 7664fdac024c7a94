import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { PassLevel } from "../../src/core/budget/passLevel.ts";

/** Steps that draft, with a median of plain ones after every 32. @param noise - of a pass, up to this share. */
function run(level: PassLevel, numSteps: number, plain: number, drafting: number, noise = 0): void {
  const random = seededRandom(5);
  for (let step = 1; step <= numSteps; step++) {
    level.noteDrafting(drafting * (1 + noise * (2 * random() - 1)));
    if (step % 32 === 0) level.notePlain(plain);
  }
}

describe("PassLevel", () => {
  test("is 1 until a pass was seen", () => {
    expect(new PassLevel()).toMatchObject({ plain: 1, drafting: 1 });
  });

  test("tells the two kinds apart, in noise", () => {
    const level = new PassLevel();
    run(level, 400, 0.9, 1.4, 0.3);
    expect(level.plain).toBeCloseTo(0.9, 1);
    expect(level.drafting / level.plain).toBeGreaterThan(1.45);
    expect(level.drafting / level.plain).toBeLessThan(1.65);
  });

  test("where only drafting passes are seen, what moves quickly is the machine", () => {
    const level = new PassLevel();
    run(level, 400, 1, 1.2);
    for (let step = 0; step < 60; step++) level.noteDrafting(2.4);
    expect(level.drafting).toBeGreaterThan(2.2);
    expect(level.plain).toBeGreaterThan(1.7);
  });

  test("a slow time that plain passes then deny was a price of drafting", () => {
    const level = new PassLevel();
    for (let step = 0; step < 16; step++) level.noteDrafting(1.5);
    const before = level.plain;
    level.notePlain(1);
    expect(before).toBeGreaterThan(1.1);
    expect(level.plain).toBeLessThan(1.06);
    expect(level.drafting).toBeGreaterThan(1.3);
  });

  test("follows a machine that plain passes alone show, and takes drafting along", () => {
    const level = new PassLevel();
    run(level, 400, 1, 1.3);
    for (let median = 0; median < 30; median++) level.notePlain(2);
    expect(level.plain).toBeCloseTo(2, 1);
    // So quick a change could also be drafting's, to a small part.
    expect(level.drafting / level.plain).toBeGreaterThan(1.1);
    expect(level.drafting / level.plain).toBeLessThan(1.35);
  });

  test("drafting makes no pass faster, whatever noise says", () => {
    const level = new PassLevel();
    run(level, 200, 1, 0.8);
    expect(level.drafting).toBe(level.plain);
  });

  test("stays finite and willing to learn after very long times of one kind", () => {
    const level = new PassLevel();
    for (let step = 0; step < 1e5; step++) level.noteDrafting(1.1);
    for (let step = 0; step < 1e5; step++) level.notePlain(0.9);
    run(level, 400, 2, 3);
    expect(level.plain).toBeCloseTo(2, 1);
    expect(level.drafting).toBeCloseTo(3, 0);
  });
});

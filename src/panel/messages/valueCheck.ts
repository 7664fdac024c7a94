/**
 * Checks of values that came in a message: nothing is believed before it was looked at. A check returns what is wrong,
 * naming the place, or undefined. Written against the type it checks, so that a field added there must be added here.
 */

export type Check = (value: unknown, path: string) => string | undefined;

/** Checks of all fields of T; one that is missing or superfluous does not compile. */
export type FieldChecks<T> = { readonly [K in keyof T]-?: Check };

export const isText: Check = (value, path) =>
  expect(typeof value === "string", value, path, "text");

export const isFlag: Check = (value, path) =>
  expect(typeof value === "boolean", value, path, "true or false");

export const isNumber: Check = (value, path) =>
  expect(typeof value === "number" && Number.isFinite(value), value, path, "a finite number");

/** Undefined passes like null: a message does not carry it. */
export function orNull(check: Check): Check {
  return (value, path) => (value === null || value === undefined ? undefined : check(value, path));
}

export function oneOf(...choices: readonly string[]): Check {
  return (value, path) =>
    expect(choices.includes(value as string), value, path, `one of ${choices.join(", ")}`);
}

export function listOf(check: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? firstProblem(value.map((item, index) => () => check(item, `${path}[${index}]`)))
      : expect(false, value, path, "a list");
}

/** An object with any keys. */
export function mapOf(check: Check): Check {
  return (value, path) =>
    isObject(value)
      ? firstProblem(
          Object.entries(value).map(
            ([key, item]) =>
              () =>
                check(item, `${path}.${key}`),
          ),
        )
      : expect(false, value, path, "an object");
}

/** An object with these fields; more do no harm. */
export function fieldsOf<T>(checks: FieldChecks<T>): Check {
  return (value, path) =>
    isObject(value)
      ? firstProblem(
          Object.entries<Check>(checks).map(
            ([key, check]) =>
              () =>
                check(value[key], path === "" ? key : `${path}.${key}`),
          ),
        )
      : expect(false, value, path, "an object");
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expect(holds: boolean, value: unknown, path: string, what: string): string | undefined {
  if (holds) return undefined;
  const found = JSON.stringify(value)?.slice(0, 60) ?? "nothing";
  return `${path === "" ? "the message" : path} is ${found}, expected ${what}`;
}

function firstProblem(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const problem = look();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

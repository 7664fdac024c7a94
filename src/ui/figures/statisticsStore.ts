/** The counters per local day and language, kept for 90 days where the editor keeps the extension's state. */
import type { Memento } from "vscode";
import { addCounters, type Counters } from "./counters.ts";

/** Days kept, today included. */
export const MAX_DAYS = 90;
/** Counts are collected for this long before they are written, in ms. */
const WRITE_DELAY_MS = 5_000;
const KEY = "treeline.statistics";
const MAX_LANGUAGES = 100;

/** Day (`2025-11-21`) → language id → counters. */
export type StatisticsBook = Readonly<Record<string, Readonly<Record<string, Counters>>>>;

/** The local day of a time. */
export function dayOf(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

export function addBooks(a: StatisticsBook, b: StatisticsBook): StatisticsBook {
  const sum: Record<string, Record<string, Counters>> = {};
  for (const book of [a, b]) {
    for (const [day, languages] of Object.entries(book)) {
      sum[day] ??= {};
      for (const [language, counters] of Object.entries(languages)) {
        sum[day][language] = addCounters(sum[day][language] ?? {}, counters);
      }
    }
  }
  return sum;
}

/** The newest days, at most `MAX_DAYS` of them; a day that lies ahead is a clock that was wrong. */
export function pruneBook<T>(
  book: Readonly<Record<string, T>>,
  today: Date,
): Readonly<Record<string, T>> {
  const start = new Date(today);
  start.setDate(start.getDate() - MAX_DAYS + 1);
  const [first, last] = [dayOf(start), dayOf(today)];
  const isRecent = (day: string) => day >= first && day <= last;
  return Object.fromEntries(Object.entries(book).filter(([day]) => isRecent(day)));
}

/** Whatever was stored, as far as it is a book. */
export function parseBook(stored: unknown): StatisticsBook {
  const book: Record<string, Record<string, Counters>> = {};
  for (const [day, languages] of entriesOf(stored)) {
    if (!/^\d{4}-\d\d-\d\d$/.test(day)) continue;
    for (const [language, counters] of entriesOf(languages).slice(0, MAX_LANGUAGES)) {
      const valid = entriesOf(counters).filter(([, value]) => Number.isFinite(value));
      book[day] ??= {};
      book[day][language] = Object.fromEntries(valid) as Counters;
    }
  }
  return book;
}

/** The counters of one day, or of all, over all languages or one. */
export function sumBook(book: StatisticsBook, day?: string, language?: string): Counters {
  let sum: Counters = {};
  for (const [eachDay, languages] of Object.entries(book)) {
    if (day !== undefined && eachDay !== day) continue;
    for (const [eachLanguage, counters] of Object.entries(languages)) {
      if (language === undefined || eachLanguage === language) sum = addCounters(sum, counters);
    }
  }
  return sum;
}

/** Shown suggestions from which on a share of them is not chance alone. */
const MIN_SHOWN = 20;

/** The newest days that have so many of them together; undefined while there are fewer. */
export function recentCounters(book: StatisticsBook): Counters | undefined {
  let sum: Counters = {};
  for (const day of Object.keys(book).sort().reverse()) {
    sum = addCounters(sum, sumBook(book, day));
    if ((sum.shown ?? 0) >= MIN_SHOWN) return sum;
  }
  return undefined;
}

export interface StatisticsStoreOptions {
  readonly storage: Pick<Memento, "get" | "update">;
  readonly now: () => Date;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Counts of this window wait a little and are then added to what is stored by then, so that several windows may count.
 * Only the days that are asked for or counted on are parsed: all of 90 take milliseconds.
 */
export class StatisticsStore implements AsyncDisposable {
  readonly #options: StatisticsStoreOptions;
  #pending: StatisticsBook = {};
  #recent: { readonly counters: Counters | undefined } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StatisticsStoreOptions) {
    this.#options = options;
  }

  /** All counts, those not yet written included. */
  get book(): StatisticsBook {
    const stored = parseBook(this.#options.storage.get(KEY));
    return pruneBook(addBooks(stored, this.#pending), this.#options.now());
  }

  get today(): Counters {
    const day = dayOf(this.#options.now());
    return sumBook(addBooks(this.#storedDays([day]), this.#pending), day);
  }

  /** As {@link recentCounters}, found anew after each count only: it may need many days. */
  get recent(): Counters | undefined {
    this.#recent ??= { counters: recentCounters(this.book) };
    return this.#recent.counters;
  }

  add(languageId: string, counters: Counters): void {
    const day = dayOf(this.#options.now());
    this.#pending = addBooks(this.#pending, { [day]: { [languageId]: counters } });
    this.#recent = undefined;
    this.#timer ??= setTimeout(() => {
      this.flush().catch(this.#options.onError);
    }, WRITE_DELAY_MS);
    this.#options.onChange();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (Object.keys(this.#pending).length === 0) return;
    const { storage, now } = this.#options;
    const counted = addBooks(this.#storedDays(Object.keys(this.#pending)), this.#pending);
    const others = Object.fromEntries(entriesOf(storage.get(KEY)));
    this.#pending = {};
    await storage.update(KEY, pruneBook<unknown>({ ...others, ...counted }, now()));
  }

  async reset(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = {};
    this.#recent = undefined;
    await this.#options.storage.update(KEY, undefined);
    this.#options.onChange();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  #storedDays(days: readonly string[]): StatisticsBook {
    const stored = new Map(entriesOf(this.#options.storage.get(KEY)));
    return parseBook(Object.fromEntries(days.map((day) => [day, stored.get(day)])));
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

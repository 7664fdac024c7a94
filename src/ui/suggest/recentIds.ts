/** The ids that came up lately, in bounded memory. */
import { LRUCache } from "lru-cache";

export class RecentIds<Id extends number | string = number> {
  readonly #ids = new LRUCache<Id, true>({ max: 512 });

  has(id: Id): boolean {
    return this.#ids.has(id);
  }

  /** @returns whether the id is new. */
  add(id: Id): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.set(id, true);
    return true;
  }
}

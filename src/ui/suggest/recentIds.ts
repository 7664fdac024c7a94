/** The ids that came up lately, in bounded memory. */
const MAX_IDS = 512;

export class RecentIds<Id = number> {
  readonly #ids = new Set<Id>();

  has(id: Id): boolean {
    return this.#ids.has(id);
  }

  /** @returns whether the id is new. */
  add(id: Id): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MAX_IDS) {
      // A set keeps its order: the first is the oldest.
      const [oldest = id] = this.#ids;
      this.#ids.delete(oldest);
    }
    return true;
  }
}

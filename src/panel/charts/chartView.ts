/** A chart on the page: title, reading aid, legend, picture, and the same figures as a table. */
import type { Chart } from "./chart.ts";
import { tableElement } from "./dataTable.ts";
import { element } from "./element.ts";
import { swatchOf } from "./swatch.ts";

/** px; in a narrower place a chart is scrolled. */
const MIN_WIDTH = 280;

export class ChartView {
  readonly node: HTMLElement;
  readonly #chart: Chart;
  readonly #picture: HTMLElement;
  readonly #resizes: ResizeObserver;
  #width = 0;

  /** @param details - the table's frame, open or closed. */
  constructor(chart: Chart, details: HTMLDetailsElement) {
    this.#chart = chart;
    this.#picture = element("div", { class: "picture", role: "img", "aria-label": chart.summary });
    details.append(
      element("summary", {}, "Table"),
      element("div", { class: "scroller" }, tableElement(chart.table)),
    );
    const titleId = `title:${chart.id}`;
    const legend = chart.legend.map((item) =>
      element("li", { class: "legend-item" }, swatchOf(item), item.text),
    );
    this.node = element(
      "figure",
      { "aria-labelledby": titleId, class: chart.isWide ? "wide" : null },
      element("h3", { id: titleId }, chart.title),
      element("p", { class: "note" }, chart.note),
      legend.length === 0 ? null : element("ul", { class: "legend" }, ...legend),
      this.#picture,
      details,
    );
    this.#resizes = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width === this.#width || width === 0) return;
      this.#width = width;
      // A picture of another height must not be laid out inside the notification of the last one.
      requestAnimationFrame(() => this.draw());
    });
    this.#resizes.observe(this.#picture);
  }

  /** Draws anew, as after a change of the theme's colors or fonts. */
  draw(): void {
    if (this.#width === 0) return;
    const plot = this.#chart.plot(Math.max(this.#width, MIN_WIDTH));
    this.#picture.classList.toggle("scroller", this.#width < MIN_WIDTH);
    // Plot's own style element would need a looser security policy; figures.css says the same.
    for (const style of plot.querySelectorAll("style")) style.remove();
    this.#picture.replaceChildren(plot);
  }

  dispose(): void {
    this.#resizes.disconnect();
    this.#width = 0;
  }
}

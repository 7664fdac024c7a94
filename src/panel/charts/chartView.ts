/** A chart on the page: title, reading aid, legend, picture, and the same figures as a table. */
import type { Chart } from "./chart.ts";
import { tableElement, tableInWords } from "./dataTable.ts";
import { element } from "./element.ts";
import { swatchOf } from "./swatch.ts";

/** px; in a narrower place a chart is scrolled. */
const MIN_WIDTH = 280;

/** @param details - the table's frame, open or closed. */
export function chartView(chart: Chart, details: HTMLDetailsElement): HTMLElement {
  const words = tableInWords(chart.table);
  const picture = element("div", { class: "picture", role: "img", "aria-label": words });
  details.append(
    element("summary", {}, "Table"),
    element("div", { class: "scroller" }, tableElement(chart.table)),
  );
  const titleId = `title:${chart.id}`;
  const legend = chart.legend.map((item) =>
    element("li", { class: "legend-item" }, swatchOf(item), item.text),
  );
  let drawnWidth = 0;
  const resizes = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width === drawnWidth || width === 0) return;
    drawnWidth = width;
    // A picture of another height must not be laid out inside the notification of the last one.
    requestAnimationFrame(() => draw(chart, picture, width));
  });
  resizes.observe(picture);
  return element(
    "figure",
    { "aria-labelledby": titleId, class: chart.isWide ? "wide" : null },
    element("h3", { id: titleId }, chart.title),
    element("p", { class: "note" }, chart.note),
    legend.length === 0 ? null : element("ul", { class: "legend" }, ...legend),
    picture,
    details,
  );
}

/** Colors are variables of the page, so that a chart follows the theme as it is. */
function draw(chart: Chart, picture: HTMLElement, width: number): void {
  const plot = chart.plot(Math.max(width, MIN_WIDTH));
  picture.classList.toggle("scroller", width < MIN_WIDTH);
  // Plot's own style element would need a looser security policy; figures.css says the same.
  for (const style of plot.querySelectorAll("style")) style.remove();
  picture.replaceChildren(plot);
}

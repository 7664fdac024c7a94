/** Settings that the figures speak for, and the button that starts to change them. */
import { button, element } from "./charts/element.ts";
import type { PanelRequest, PanelState } from "./messages/panelProtocol.ts";

export function recommendationSection(
  { changes, findings }: Pick<PanelState, "changes" | "findings">,
  send: (request: PanelRequest) => void,
): HTMLElement {
  const notes = findings.map((text) => element("li", {}, text));
  const list = notes.length === 0 ? null : element("ul", { class: "bullets note" }, ...notes);
  const title = element("h2", { id: "recommended" }, "Recommended settings");
  const attributes = { "aria-labelledby": "recommended" };
  if (changes.length === 0) {
    const words = "Nothing is recommended to change.";
    return element(
      "section",
      attributes,
      title,
      element("p", { class: "plain-text" }, words),
      list,
    );
  }
  const rows = changes.map(({ setting, now, recommended, reason }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row", class: "name" }, element("code", {}, setting)),
      element("td", { class: "short" }, now),
      element("td", { class: "proposal" }, recommended),
      element("td", { class: "long" }, reason),
    ),
  );
  const head = ["Setting", "Now", "Recommended", "Why"];
  const table = element(
    "table",
    {},
    element("caption", { class: "unseen" }, "Recommended settings"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...head.map((text) => element("th", { scope: "col", class: "short" }, text)),
      ),
    ),
    element("tbody", {}, ...rows),
  );
  return element(
    "section",
    attributes,
    title,
    element("div", { class: "scroller" }, table),
    list,
    element(
      "p",
      { class: "actions folded" },
      button("Apply…", true, () => send({ type: "apply" })),
      element("span", { class: "note" }, "Asks once more before it writes to your user settings."),
    ),
  );
}

/** Settings that the figures speak for, and the button that starts to change them. */
import { button, element } from "./charts/element.ts";
import type { PanelRequest, PanelState } from "./messages/panelProtocol.ts";

export function recommendationSection(
  { changes, findings }: Pick<PanelState, "changes" | "findings">,
  send: (request: PanelRequest) => void,
): HTMLElement {
  const notes = findings.map((text) => element("li", {}, text));
  const isAny = changes.length > 0;
  return element(
    "section",
    { "aria-labelledby": "recommended" },
    element("h2", { id: "recommended" }, "Recommended settings"),
    isAny
      ? element("div", { class: "scroller" }, changesTable(changes))
      : element("p", { class: "plain-text" }, "Nothing is recommended to change."),
    notes.length === 0 ? null : element("ul", { class: "bullets note" }, ...notes),
    isAny
      ? element(
          "p",
          { class: "actions folded" },
          button("Apply…", true, () => send({ type: "apply" })),
          element(
            "span",
            { class: "note" },
            "Asks once more before it writes to your user settings.",
          ),
        )
      : null,
  );
}

function changesTable(changes: PanelState["changes"]): HTMLElement {
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
  const head = ["Setting", "Now", "Recommended", "Why"].map((text) =>
    element("th", { scope: "col", class: "short" }, text),
  );
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, "Recommended settings"),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}

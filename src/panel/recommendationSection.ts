/** Settings that the figures speak for, and the button that starts to change them. */
import { columnsOf } from "../bench/base/markdownTable.ts";
import { type DataTable, tableElement } from "./charts/dataTable.ts";
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
      ? element("div", { class: "scroller" }, tableElement(changesTable(changes)))
      : element("p", { class: "note" }, "Nothing is recommended to change."),
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

function changesTable(changes: PanelState["changes"]): DataTable {
  return {
    caption: "What the figures speak for",
    ...columnsOf(changes, [
      ["Setting", ({ setting }) => setting],
      ["Now", ({ now }) => now],
      ["Recommended", ({ recommended }) => recommended],
      ["Why", ({ reason }) => reason],
    ]),
    wordColumns: new Set([1, 2, 3]),
  };
}

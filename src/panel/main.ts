/**
 * The script of the benchmark panel's page. Keeps nothing of the report: a page that was hidden starts anew and asks
 * the extension for it; only what is unfolded and how far it was scrolled is left with VS Code.
 */
import "./page.css";
import "./figures.css";
import * as v from "valibot";
import { benchPage } from "./benchPage.ts";
import { element } from "./charts/element.ts";
import { type PanelRequest, parseShowMessage } from "./messages/panelProtocol.ts";

interface VscodeApi {
  postMessage(message: PanelRequest): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VscodeApi;

const vscode = acquireVsCodeApi();
const pageState = v.fallback(v.object({ open: v.array(v.string()), scrollTop: v.number() }), {
  open: [],
  scrollTop: 0,
});
const before = v.parse(pageState, vscode.getState());
const open = new Set(before.open);
let { scrollTop } = before;
let isShown = false;

function remember(): void {
  vscode.setState({ open: [...open], scrollTop });
}

function fail(error: unknown): void {
  isShown = false;
  const message = error instanceof Error ? error.message : String(error);
  const words = "The report could not be shown. Treeline's log has the details.";
  document.body.replaceChildren(element("p", { class: "notice loss", role: "alert" }, words));
  vscode.postMessage({ type: "failed", message });
}

function show(message: unknown): void {
  const { state } = parseShowMessage(message);
  const onToggle = (id: string, isOpen: boolean) => {
    if (isOpen) open.add(id);
    else open.delete(id);
    remember();
  };
  const page = benchPage(state, { open, onToggle }, (request) => vscode.postMessage(request));
  document.body.replaceChildren(page);
  isShown = true;
}

window.addEventListener("message", ({ data }) => {
  const isFirst = !isShown;
  try {
    show(data);
    if (!isFirst) return;
    // The charts have to be there before there is anything to scroll.
    setTimeout(() => window.scrollTo(0, scrollTop), 50);
  } catch (error) {
    fail(error);
  }
});
window.addEventListener("error", ({ error }) => {
  // Chromium also tells here that it puts off a resize notification; that is no error and carries none.
  if (error instanceof Error) fail(error);
});
window.addEventListener("scrollend", () => {
  scrollTop = window.scrollY;
  remember();
});

vscode.postMessage({ type: "ready" });

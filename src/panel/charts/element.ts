/** Builds DOM nodes. Text goes in as text, so nothing in a report can become markup. */

export type Child = Node | string | null;

/** Attributes; null or false leaves one out, true sets it empty. */
export type Attributes = Readonly<Record<string, string | boolean | null>>;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function button(label: string, isPrimary: boolean, onClick: () => void): HTMLButtonElement {
  const node = element("button", { type: "button", class: isPrimary ? "primary" : null }, label);
  node.addEventListener("click", onClick);
  return node;
}

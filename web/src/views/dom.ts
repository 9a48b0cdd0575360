// SPDX-License-Identifier: Apache-2.0
// The little that the views need of the DOM. Text is only ever set as text, never as markup.

type Attributes = Record<string, string | boolean | null | undefined>;
type Child = Node | string | null;

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

export function setAttribute(node: Element, name: string, value: string | boolean | null | undefined): void {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== (value === true ? '' : value)) node.setAttribute(name, value === true ? '' : value);
}

export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function onClick<T extends HTMLElement>(node: T, act: () => void): T {
  node.addEventListener('click', act);
  return node;
}

/** What a view is: its node, and how to bring it in step. */
export interface View<T> {
  root: HTMLElement;
  update(value: T): void;
}

/** Children that are kept by key: nodes move, appear and go, and those that stay keep focus and scroll. */
export class KeyedList<T> {
  private readonly views = new Map<string, View<T>>();

  constructor(
    private readonly parent: HTMLElement,
    private readonly key: (item: T) => string,
    private readonly make: (item: T) => View<T>,
  ) {}

  update(items: readonly T[]): void {
    const wanted = new Set(items.map(this.key));
    for (const [key, view] of this.views)
      if (!wanted.has(key)) {
        view.root.remove();
        this.views.delete(key);
      }
    let after: Element | null = null;
    for (const item of items) {
      const view: View<T> = this.viewOf(item);
      view.update(item);
      const place: Element | null = after === null ? this.parent.firstElementChild : after.nextElementSibling;
      if (place !== view.root) this.parent.insertBefore(view.root, place);
      after = view.root;
    }
  }

  private viewOf(item: T): View<T> {
    const key = this.key(item);
    const known = this.views.get(key);
    if (known) return known;
    const made = this.make(item);
    this.views.set(key, made);
    return made;
  }
}

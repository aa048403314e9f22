// Chosen things as chips, each with a button that takes it away.

import { fill } from "./words.js";

/** Shows the items {name, badge} in a list; `remove(index)`: its button was pressed. */
export function showChips(list, items, remove) {
  list.replaceChildren(...items.map((item, index) => chip(item, () => {
    remove(index);
    // the pressed button is gone: the focus goes on to what takes its place
    (list.querySelectorAll("button")[index] ?? list.closest(".combobox")?.querySelector("input"))?.focus();
  })));
}

function chip({ name, badge }, remove) {
  const element = document.createElement("li");
  element.className = "chip";
  const text = document.createElement("span");
  text.textContent = badge ? `${badge}: ${name}` : name;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", fill("remove", { name }));
  button.addEventListener("click", remove);
  element.append(text, button);
  return element;
}

// A field that finds things as one types: the combobox pattern of WAI-ARIA, with a list that pops up.

import { word } from "./words.js";

const WAIT_MS = 140;

/**
 * Makes `input` (role=combobox) search into `list` (role=listbox).
 * `search(text, signal)`: a promise of options {label, badge, note, value}; `choose(value)`: one was chosen.
 * The page brings the words `search_none` and `search_failed`.
 */
export function combobox(input, list, { search, choose, atLeast = 1 }) {
  let options = [];
  let active = -1;
  let asked;
  let timer;

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(index) {
    active = options.length ? (index + options.length) % options.length : -1;
    [...list.children].forEach((line, at) => line.setAttribute("aria-selected", String(at === active)));
    if (active < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[active].id);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function take(index) {
    const { value } = options[index];
    input.value = "";
    close();
    choose(value);
  }

  function show(found) {
    options = found;
    list.replaceChildren(...found.map(line));
    if (!found.length) list.append(message(word("search_none")));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    point(found.length ? 0 : -1);
  }

  function line(option, index) {
    const element = document.createElement("li");
    element.id = `${list.id}-${index}`;
    element.setAttribute("role", "option");
    element.append(span("combobox-label", option.label));
    if (option.badge) element.append(span("badge", option.badge));
    if (option.note) element.append(span("combobox-note", option.note));
    // before the field loses the focus and the list goes
    element.addEventListener("pointerdown", (event) => event.preventDefault());
    element.addEventListener("click", () => take(index));
    return element;
  }

  async function ask() {
    asked?.abort();
    const mine = (asked = new AbortController());
    const text = input.value.trim();
    if (text.length < atLeast) return close();
    try {
      const found = await search(text, mine.signal);
      if (mine === asked && !mine.signal.aborted) show(found);
    } catch (error) {
      if (error.name === "AbortError" || mine !== asked) return;
      options = [];
      list.replaceChildren(message(word("search_failed")));
      list.hidden = false;
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("click", () => list.hidden && ask());
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (list.hidden) input.value = "";
      return close();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return ask();
      return point(active + (event.key === "ArrowDown" ? 1 : -1));
    }
    if (event.key === "Enter") {
      // a search is no form that is sent
      event.preventDefault();
      if (!list.hidden && active >= 0) take(active);
    }
  });
  // what was typed before this script was there
  if (document.activeElement === input && input.value) ask();
}

function span(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}

function message(text) {
  const element = document.createElement("li");
  element.className = "combobox-none";
  element.setAttribute("role", "option");
  element.setAttribute("aria-disabled", "true");
  element.textContent = text;
  return element;
}

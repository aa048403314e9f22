// Parts of the launch page: the products that the new one is like, and what goes with it.

import { money, number } from "./numbers.js";
import { fill, word } from "./words.js";

const VERY_LIKE = 1.7;
const LIKE = 0.9;
const MOST = 8;

const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

/** The analogues, most similar first; `remove({id, name})`: this one is not like it. */
export function showAnalogues(list, analogues, remove) {
  const focused = buttons(list).indexOf(document.activeElement);
  list.replaceChildren(...analogues.map((each) => analogue(each, remove)));
  if (focused >= 0) buttons(list).at(Math.min(focused, analogues.length - 1))?.focus();
  if (!analogues.length) list.append(line("li", word("no_analogues")));
}

function buttons(list) {
  return [...list.querySelectorAll("button")];
}

function analogue(product, remove) {
  const { product_id: id, name, brand, subcategory, category, price, sentence } = product;
  const about = [brand, subcategory ?? category, price == null ? null : money(price)].filter(Boolean).join(" · ");
  const button = line("button", word("not_like"), "button");
  button.type = "button";
  button.setAttribute("aria-label", fill("not_like_name", { name }));
  const element = document.createElement("li");
  button.addEventListener("click", () => {
    // the focus goes on to what takes its place
    (element.nextElementSibling ?? element.previousElementSibling)?.querySelector("button")?.focus();
    element.remove();
    remove({ id, name });
  });
  element.append(
    line("strong", name),
    line("span", likeness(product), "badge"),
    line("span", about, "soft"),
    line("span", sentence[language], "why"),
    button,
  );
  return element;
}

function likeness({ is_chosen: isChosen, similarity }) {
  if (isChosen) return word("chosen_by_you");
  if (similarity >= VERY_LIKE) return word("very_like");
  return word(similarity >= LIKE ? "rather_like" : "little_like");
}

/** Products to show beside it, and categories that the members buy more than others. */
export function showGoes(products, categories, associated) {
  const bought = (associated.products ?? []).slice(0, MOST).map((each) =>
    noted(each.name, fill("goes_with", { name: each.with.name, number: number(each.orders) })),
  );
  const liked = (associated.categories ?? []).slice(0, MOST).map(({ category, lift }) =>
    noted(category, fill("times", { times: number(lift, 1) })),
  );
  products.replaceChildren(...(bought.length ? bought : [line("li", word("goes_none"), "soft")]));
  categories.replaceChildren(...(liked.length ? liked : [line("li", word("goes_none"), "soft")]));
}

function noted(name, note) {
  const element = line("li", name);
  element.append(line("span", note, "soft"));
  return element;
}

function line(tag, text, kind = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

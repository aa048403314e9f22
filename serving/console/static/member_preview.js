// What one member would see in a place of the app, beside what somebody sees of whom nothing is known.

import { get, post } from "./api.js";
import { number } from "./numbers.js";
import { fill, word } from "./words.js";

const SHOWN = 10;
const SEARCH_AFTER_MS = 200;
const NOBODY = { anonymous_id: "console-preview" };
const form = document.getElementById("preview");
const state = document.getElementById("preview-state");
const found = document.getElementById("preview-found");
const product = document.getElementById("preview-product");
const field = document.getElementById("preview-product-field");
const scenario = document.getElementById("preview-scenario");
const options = document.getElementById("preview-products");
const known = new Map();

function say(text, kind = "") {
  state.className = `notice ${kind}`;
  state.textContent = text;
  state.hidden = !text;
}

function kindOf() {
  return scenario.selectedOptions[0].dataset.kind;
}

function needsProduct() {
  return kindOf() === "product" || kindOf() === "cart";
}

function showField() {
  field.hidden = !needsProduct();
  product.required = needsProduct();
}

function label({ id, name }) {
  return `${name} (${id})`;
}

async function search() {
  const text = product.value.trim().slice(0, 200);
  if (!text || known.has(text)) return;
  const { items } = await get(`/v1/products?limit=10&q=${encodeURIComponent(text)}`);
  for (const item of items) known.set(label(item), item.id);
  options.replaceChildren(...items.map((item) => Object.assign(document.createElement("option"), { value: label(item) })));
}

function context() {
  if (!needsProduct()) return undefined;
  const id = known.get(product.value.trim()) ?? product.value.trim();
  return kindOf() === "product" ? { product_id: id } : { basket: [id] };
}

/** What somebody would see; a dry run, so nothing of it counts as shown. */
function ask(member) {
  const locale = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const body = { member, scenario: scenario.value, count: SHOWN, locale, dry_run: true };
  return post("/v1/recommendations", { ...body, context: context() });
}

function element(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

/** One item; `others` are the ids of the other list, null where lists are not compared. */
function line(item, others) {
  const made = document.createElement("li");
  made.append(element("strong", item.name));
  if (others && !others.has(item.id)) made.append(" ", element("span", word("only_here"), "badge good"));
  if (item.exploration_probability) made.append(" ", element("span", word("of_lot"), "badge"));
  if (item.type !== "product" && item.products?.length) {
    made.append(element("p", item.products.map(({ name }) => name).join(" + "), "reason"));
  }
  for (const { sentence } of item.reasons) made.append(element("p", sentence, "reason"));
  return made;
}

function list(id, items, others) {
  const lines = items.length ? items.map((item) => line(item, others)) : [element("li", word("nothing"), "none")];
  document.getElementById(id).replaceChildren(...lines);
}

function show(own, plain) {
  const theirs = new Set(plain.items.map(({ id }) => id));
  const same = own.items.filter(({ id }) => theirs.has(id)).length;
  list("preview-own", own.items, own.fallback ? null : theirs);
  list("preview-plain", plain.items, null);
  found.hidden = false;
  if (own.fallback) say(word("unknown_member"), "warning");
  else say(fill("same", { same: number(same), all: number(own.items.length) }));
}

async function compare() {
  say(word("asking"));
  try {
    const member = { member_id: document.getElementById("preview-member").value.trim() };
    show(...(await Promise.all([ask(member), ask(NOBODY)])));
  } catch (error) {
    found.hidden = true;
    say(error.message, "error");
  }
}

let waiting;
product.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, SEARCH_AFTER_MS);
});
scenario.addEventListener("change", showField);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  compare();
});
showField();

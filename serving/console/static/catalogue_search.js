// Searches as one types: products and what they are grouped by, tags, stores, and things that the page knows.

import { get } from "./api.js";
import { number } from "./numbers.js";
import { fill, word } from "./words.js";

const MOST = 8;

/** Options for products, brands, categories, product types and departments. */
export async function searchGoods(text, signal) {
  const query = encodeURIComponent(text);
  const [groups, products] = await Promise.all([
    get(`/v1/catalogue?q=${query}&limit=${MOST}`, { signal }),
    // who may not see products by name still finds what they are grouped by
    get(`/v1/products?q=${query}&limit=${MOST}`, { signal }).catch((error) => {
      if (error.status !== 403) throw error;
      return { items: [] };
    }),
  ]);
  return [
    ...groups.items.map(group),
    ...products.items.map(product),
  ];
}

/** Options for categories alone. */
export async function searchCategories(text, signal) {
  const { items } = await get(`/v1/catalogue?q=${encodeURIComponent(text)}&limit=60`, { signal });
  return items.filter(({ kind }) => kind === "category").slice(0, MOST).map(group);
}

/** Options for the groups of one kind, within others. */
export async function searchGroups(kind, text, signal, within = {}) {
  const asked = new URLSearchParams({ ...within, q: text, limit: 60 });
  const { items } = await get(`/v1/catalogue?${asked}`, { signal });
  return items.filter((each) => each.kind === kind).slice(0, MOST).map(group);
}

/** Options for products alone. */
export async function searchProducts(text, signal) {
  const { items } = await get(`/v1/products?q=${encodeURIComponent(text)}&limit=${MOST}`, { signal });
  return items.map(product);
}

function product({ id, name, brand, category }) {
  const note = [brand, category].filter(Boolean).join(" · ");
  return { label: name, badge: word("product"), note, value: { kind: "product", id, name } };
}

function group({ kind, name, products, parent }) {
  const counted = fill("products_note", { number: number(products) });
  return { label: name, badge: word(kind), note: parent ? `${parent} · ${counted}` : counted, value: { kind, name } };
}

/** How many products in service have all of these groups. */
export async function inCommon(groups, signal) {
  const asked = new URLSearchParams({ ...groups, limit: 1 });
  return (await get(`/v1/catalogue?${asked}`, { signal })).products;
}

const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
let tags;
let stores;

function shown(item) {
  const { name, sentence, per, members, values } = item;
  const option = (id, label, count) => ({
    label,
    badge: "",
    note: count == null ? "" : fill("members_note", { number: number(count) }),
    value: { source: "tag", id, name: label },
  });
  if (!per) return [option(name, sentence[language], members)];
  return values.map((each) => option(each.name, sentence[language].replace("{category}", each.name.slice(name.length + 1)), each.members));
}

/** Every tag as an option; asked for once. */
export function allTags() {
  tags ??= get("/v1/tags").then(({ items }) => items.flatMap(shown));
  return tags;
}

/** Every store as an option; asked for once. */
export function allStores() {
  stores ??= get("/v1/stores").then(({ items }) =>
    items.map(({ id, name, city, members }) => ({
      label: name ?? id,
      badge: "",
      note: [name ? id : null, city, members == null ? null : fill("members_note", { number: number(members) })].filter(Boolean).join(" · "),
      value: { source: "store", id, name: name ?? id },
    })),
  );
  return stores;
}

/** Those options whose label, note or id holds every word of the text. */
export function among(options, text) {
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  const said = ({ label, note, value }) => `${label} ${note} ${value.id}`.toLowerCase();
  return options.filter((option) => asked.every((each) => said(option).includes(each))).slice(0, 40);
}

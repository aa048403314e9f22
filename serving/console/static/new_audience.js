// New audience: the form, its draft, the preview beside it, and the request that builds it.

import { post } from "./api.js";
import { draftOf, emptyDraft, forget, keep, kept, ruleOf } from "./audience_draft.js";
import { allStores, allTags, among, inCommon, searchCategories, searchGoods } from "./catalogue_search.js";
import { showChips } from "./chips.js";
import { combobox } from "./combobox.js";
import { number } from "./numbers.js";
import { openPreview } from "./preview.js";
import { tell } from "./shell.js";
import { fill, word } from "./words.js";
import "./copy.js";

const WAIT_MS = 600;
const GROUPS = ["department", "category", "subcategory", "brand"];

const at = (id) => document.getElementById(id);
const brought = (id) => JSON.parse(at(id).textContent);
const form = at("audience-form");
const field = (name) => form.elements.namedItem(name);
const offered = brought("offered").map((each) => ({ label: each.name, badge: word(each.source), note: "", value: each }));
const defaults = { firstSize: Number(field("size").placeholder), activeDays: Number(field("active_days").placeholder) };

let draft = begun();
let waiting;
const preview = openPreview({
  onSize(size) {
    Object.assign(draft, { cut: "size", size });
    field("cut").value = "size";
    field("size").value = size;
    remember();
  },
  onRest: () => ask(),
  onAnswer({ summary }) {
    if (draft.cut !== "size") field("size").value = summary.size;
  },
});

function begun() {
  const start = brought("start");
  const nameOf = (source, id) => offered.find(({ value }) => value.source === source && value.id === id)?.label ?? id;
  return kept() ?? (start ? draftOf(start, nameOf) : emptyDraft());
}

/** The form as the draft says. */
function fillIn() {
  for (const element of form.elements) {
    if (!(element.name in draft)) continue;
    if (element.type === "checkbox") element.checked = draft[element.name];
    else if (element.type === "radio") element.checked = draft[element.name] === element.value;
    else element.value = draft[element.name];
  }
  form.querySelector('option[value="kept"]').hidden = !draft.kept_target;
  if (draft.stores.length || draft.bought || draft.channels) at("more-whom").open = true;
  if (draft.filter || draft.target_filter) at("experts").open = true;
  showChosen();
}

function showChosen() {
  for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== draft.kind;
  const goods = [
    ...GROUPS.filter((kind) => draft.groups[kind]).map((kind) => ({ kind, name: draft.groups[kind], badge: word(kind) })),
    ...draft.products,
  ];
  showChips(at("what-search-chosen"), goods, (index) => change(() => {
    const { kind, id } = goods[index];
    if (kind) delete draft.groups[kind];
    else draft.products = draft.products.filter((each) => each.id !== id);
  }));
  for (const [name, items] of [["tag", "tags"], ["store", "stores"], ["among", "among"], ["without", "without"]]) {
    showChips(at(`${name}-search-chosen`), draft[items], (index) => change(() => draft[items].splice(index, 1)));
  }
  showChips(at("bought-search-chosen"), draft.bought ? [draft.bought] : [], () => change(() => (draft.bought = null)));
  at("bought-within").hidden = !draft.bought;
  at("among-how").hidden = draft.among.length < 2;
  at("kept-combine").hidden = !draft.kept_combine;
  tellCommon();
}

let counting;

/** How many products the chosen groups have in common. */
async function tellCommon() {
  counting?.abort();
  const line = at("common");
  if (draft.products.length) {
    line.textContent = draft.products.length === 1 ? "" : fill("common_products", { number: number(draft.products.length) });
    return;
  }
  if (!Object.keys(draft.groups).length) return (line.textContent = "");
  const mine = (counting = new AbortController());
  try {
    const products = await inCommon(draft.groups, mine.signal);
    const words = { number: number(products) };
    line.textContent = products > 1 ? fill("common", words) : word(products ? "common_one" : "common_none");
  } catch {
    if (mine === counting) line.textContent = "";
  }
}

function change(act) {
  act();
  showChosen();
  changed();
}

/** Something else is asked for: kept at once, asked when the typing rests. */
function changed() {
  remember();
  at("refused").hidden = true;
  clearTimeout(waiting);
  waiting = setTimeout(ask, WAIT_MS);
}

function remember() {
  keep(draft);
  const rule = ruleOf(draft, defaults);
  at("api-request").textContent = rule ? curl(withName(rule)) : "";
}

function ask() {
  clearTimeout(waiting);
  const rule = ruleOf(draft, defaults);
  if (rule) preview.ask(rule);
  else preview.clear();
}

function withName(rule) {
  const name = draft.name.trim();
  return name ? { ...rule, name } : rule;
}

/** The request as a command; as serving/console/api_request.py writes it. */
function curl(body) {
  const text = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl -X POST ${location.origin}/v1/audiences \\`,
    "  -H 'Authorization: Bearer YOUR_KEY' \\",
    "  -H 'Content-Type: application/json' \\",
    `  -d '${text}'`,
  ].join("\n");
}

form.addEventListener("input", ({ target }) => {
  if (!(target.name in draft)) return;
  if (target.validity.badInput) return;
  draft[target.name] = target.type === "checkbox" ? target.checked : target.value;
  const cuts = { size: "size", buyers: "buyers", chance: "chance" };
  if (target.name in cuts && target.value !== "") {
    draft.cut = cuts[target.name];
    field("cut").value = draft.cut;
    if (draft.cut === "size") preview.moveTo(Number(target.value));
  }
  if (target.name === "kind") showChosen();
  if (target.name === "name") remember();
  else changed();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const rule = ruleOf(draft, defaults);
  if (!rule) return refuse(word("choose_first"));
  if (!form.checkValidity()) return form.reportValidity();
  const button = at("build-button");
  button.disabled = true;
  at("refused").hidden = true;
  tell(word("asking"));
  preview.stop();
  try {
    const { id } = await post("/v1/audiences", withName(rule), { headers: { "Idempotency-Key": crypto.getRandomValues(new Uint32Array(4)).join("-") } });
    forget();
    location.assign(`/console/audiences/${id}`);
  } catch (error) {
    button.disabled = false;
    refuse(fill("refused", { detail: error.message }));
  }
});

function refuse(sentence) {
  at("refused").textContent = sentence;
  at("refused").hidden = false;
}

at("start-anew").addEventListener("click", () => {
  forget();
  if (location.search) return location.assign(location.pathname);
  draft = emptyDraft();
  fillIn();
  changed();
  at("what-search").focus();
});

at("drop-combine").addEventListener("click", () => change(() => (draft.kept_combine = null)));

combobox(at("what-search"), at("what-search-list"), {
  search: searchGoods,
  choose: (chosen) => change(() => {
    if (chosen.kind === "product") {
      if (Object.keys(draft.groups).length) tell(word("instead"));
      draft.groups = {};
      if (!draft.products.some(({ id }) => id === chosen.id)) draft.products.push({ id: chosen.id, name: chosen.name });
    } else {
      if (draft.products.length || draft.groups[chosen.kind]) tell(fill("instead_groups", { name: chosen.name }));
      draft.products = [];
      draft.groups[chosen.kind] = chosen.name;
    }
  }),
});

function several(name, items, options) {
  combobox(at(`${name}-search`), at(`${name}-search-list`), {
    atLeast: 0,
    search: async (text) => among(await options(), text).filter(({ value }) => !draft[items].some(({ id }) => id === value.id)),
    choose: (value) => change(() => draft[items].push(value)),
  });
}

several("tag", "tags", allTags);
several("store", "stores", allStores);
several("among", "among", async () => offered);
several("without", "without", async () => offered);
combobox(at("bought-search"), at("bought-search-list"), {
  search: searchCategories,
  choose: ({ name }) => change(() => (draft.bought = { name })),
});

fillIn();
remember();
ask();
if (form.dataset.crossing) at("among-search").focus();

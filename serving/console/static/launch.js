// Launch: five steps from a description to the file, with the preview of an audience in the middle.

import { get, post } from "./api.js";
import { searchCategories, searchGroups, searchProducts } from "./catalogue_search.js";
import { showChips } from "./chips.js";
import { combobox } from "./combobox.js";
import { emptyDraft, forget, keep, kept, ruleOf } from "./launch_draft.js";
import { showAnalogues, showGoes } from "./launch_parts.js";
import { openPreview } from "./preview.js";
import { followBuild } from "./launch_build.js";
import { fill, word } from "./words.js";

const LAST = 5;
const WAIT_MS = 500;
const FIELDS = { price: "price", "own-label": "own", channel: "channel", "not-contacted": "contacted", horizon: "horizon", holdout: "holdout", name: "name" };

const at = (id) => document.getElementById(id);
const panels = [...document.querySelectorAll(".launch-step")];
const defaults = { firstSize: Number(at("launch-first-size").textContent) };

let draft = kept();
let asked = "";
let waiting;

const preview = openPreview({
  onSize(size) {
    draft.size = size;
    keep(draft);
  },
  onRest: () => ask(),
  onAnswer: (audience) => answered(audience),
  onFailure: (error) => failed(error),
});

/** Shows a step; those after the first need a category. */
function show(step, { focus = true } = {}) {
  if (step > 1 && !draft.category) return wrong("describe-wrong", word("category_first"));
  draft.step = step;
  keep(draft);
  for (const panel of panels) panel.hidden = Number(panel.dataset.step) !== step;
  for (const line of at("launch-steps").children) {
    const own = Number(line.firstElementChild.dataset.step);
    line.classList.toggle("done", own < step);
    if (own === step) line.setAttribute("aria-current", "step");
    else line.removeAttribute("aria-current");
    line.firstElementChild.disabled = own > 1 && !draft.category;
  }
  if (step > 1) ask();
  if (step === LAST && !draft.name) at("name").value = fill("name_default", { category: draft.category });
  if (focus) {
    at(`step-${step}`).focus({ preventScroll: true });
    at("launch-steps").scrollIntoView({ block: "start" });
  }
}

/** Asks what the launch would bring, unless just this was asked. */
function ask() {
  if (!draft.category) return preview.clear();
  const rule = ruleOf(draft, defaults);
  const text = JSON.stringify(rule);
  if (text === asked) return undefined;
  asked = text;
  at("analogues-busy").hidden = false;
  at("analogues-wrong").hidden = true;
  at("analogues").setAttribute("aria-busy", "true");
  return preview.ask(rule);
}

function changed() {
  keep(draft);
  clearTimeout(waiting);
  waiting = setTimeout(() => draft.step > 1 && ask(), WAIT_MS);
}

async function answered(audience) {
  const { associated } = await get(`/v1/audiences/${audience.id}/associated`);
  showAnalogues(at("analogues"), associated.analogues ?? [], (product) => {
    draft.analogues = draft.analogues.filter(({ id }) => id !== product.id);
    draft.unlike.push(product);
    showChosen();
    changed();
  });
  at("analogues-busy").hidden = true;
  at("analogues").setAttribute("aria-busy", "false");
  showGoes(at("goes-products"), at("goes-categories"), associated);
}

function failed(error) {
  // the next try asks anew
  asked = "";
  at("analogues-busy").hidden = true;
  at("analogues").setAttribute("aria-busy", "false");
  wrong("analogues-wrong", error.message);
}

function wrong(id, sentence) {
  at(id).textContent = sentence;
  at(id).hidden = false;
}

function showChosen() {
  for (const name of ["category", "subcategory", "brand"]) {
    showChips(at(`${name}-chosen`), draft[name] ? [{ name: draft[name] }] : [], () => {
      draft[name] = "";
      if (name === "category") draft.subcategory = "";
      showChosen();
      changed();
    });
  }
  at("unlike").hidden = draft.unlike.length === 0;
  showChips(at("unlike-chosen"), draft.unlike, (index) => {
    draft.unlike.splice(index, 1);
    showChosen();
    changed();
  });
  if (at("add-analogue-chosen")) {
    showChips(at("add-analogue-chosen"), draft.analogues, (index) => {
      draft.analogues.splice(index, 1);
      showChosen();
      changed();
    });
  }
}

/** A field that takes one name. */
function one(name, search) {
  combobox(at(name), at(`${name}-list`), {
    search,
    choose: (chosen) => {
      draft[name] = chosen.name;
      at("describe-wrong").hidden = true;
      if (name === "category") draft.subcategory = "";
      showChosen();
      changed();
    },
  });
}

one("category", searchCategories);
one("subcategory", (text, signal) => searchGroups("subcategory", text, signal, within()));
one("brand", (text, signal) => searchGroups("brand", text, signal));

function within() {
  return draft.category ? { category: draft.category } : {};
}

if (at("add-analogue")) {
  combobox(at("add-analogue"), at("add-analogue-list"), {
    search: searchProducts,
    choose: ({ id, name }) => {
      draft.unlike = draft.unlike.filter((each) => each.id !== id);
      if (!draft.analogues.some((each) => each.id === id)) draft.analogues.push({ id, name });
      showChosen();
      changed();
    },
  });
}

for (const [id, name] of Object.entries(FIELDS)) {
  at(id).value = draft[name];
  at(id).addEventListener("input", () => {
    draft[name] = at(id).value;
    if (id === "name") keep(draft);
    else changed();
  });
}
if (at("coupons")) {
  at("coupons").checked = draft.coupons;
  at("coupons").addEventListener("change", () => {
    draft.coupons = at("coupons").checked;
    keep(draft);
  });
}

at("describe").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!at("price").checkValidity()) return wrong("describe-wrong", word("price_wrong"));
  at("describe-wrong").hidden = true;
  return show(2);
});
at("whom").addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll("[data-to]")) {
  button.addEventListener("click", () => show(Number(button.dataset.to)));
}
for (const line of at("launch-steps").children) {
  line.firstElementChild.addEventListener("click", (event) => show(Number(event.currentTarget.dataset.step)));
}

at("build-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("build-button").disabled = true;
  at("build-wrong").hidden = true;
  preview.stop();
  const body = {
    ...ruleOf(draft, defaults),
    ...(at("coupons") && draft.coupons ? { with_coupons: true } : {}),
    name: at("name").value.trim() || fill("name_default", { category: draft.category }),
  };
  try {
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const { id } = await post("/v1/audiences", body, { headers: { "Idempotency-Key": key } });
    draft.built = { id, channel: draft.channel };
    keep(draft);
    follow();
  } catch (error) {
    at("build-button").disabled = false;
    wrong("build-wrong", fill("refused", { detail: error.message }));
  }
});

function follow() {
  followBuild(draft.built, {
    steps: JSON.parse(at("preview-steps").textContent),
    onEnd(sentence) {
      draft.built = null;
      keep(draft);
      at("build-button").disabled = false;
      if (sentence) wrong("build-wrong", sentence);
    },
  });
}

at("start-anew").addEventListener("click", () => {
  forget();
  draft = emptyDraft();
  location.reload();
});

showChosen();
show(draft.category ? draft.step : 1, { focus: false });
if (draft.built) follow();

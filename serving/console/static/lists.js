// Uploads a list piece by piece, and deletes one.

import { ApiError, call, post } from "./api.js";
import { rowsOf } from "./list_file.js";
import { number } from "./numbers.js";
import { tell } from "./shell.js";
import { fill, word } from "./words.js";

const IDS_AT_ONCE = 4000;
const PHONES = "phone_hash";

const form = document.getElementById("upload");
const chosen = document.getElementById("file");
const drop = document.getElementById("drop");
const column = document.getElementById("column");
const head = document.getElementById("head");
const wrong = document.getElementById("wrong");
let rows = [];
let begun = null; // a list that broke off on its way, to go on with

chosen.addEventListener("change", () => read(chosen.files[0]));
for (const type of ["dragenter", "dragover"]) {
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  chosen.files = event.dataTransfer.files;
  read(chosen.files[0]);
});
column.addEventListener("change", () => {
  head.checked = isHead();
  tellFirst();
});
head.addEventListener("change", tellFirst);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
for (const button of document.querySelectorAll("[data-delete]")) button.addEventListener("click", () => remove(button));

/** Takes a file in, and offers its columns when there are several. */
async function read(file) {
  rows = [];
  begun = null;
  complain("");
  if (!file) return;
  document.getElementById("about-file").textContent = word("reading");
  try {
    rows = rowsOf(await file.arrayBuffer());
  } catch {
    return refuse("unreadable");
  }
  if (!rows.length) return refuse("empty");
  const width = Math.max(...rows.slice(0, 100).map((row) => row.length));
  column.replaceChildren(...Array.from({ length: width }, (_, place) => new Option(named(place), String(place))));
  document.getElementById("column-field").hidden = width < 2;
  document.getElementById("head-field").hidden = false;
  head.checked = isHead();
  const name = form.elements.name;
  if (!name.value) name.value = file.name.replace(/\.\w+$/, "").slice(0, 200);
  tellFirst();
}

function named(place) {
  const head = rows[0][place];
  return head ? `${fill("column", { number: number(place + 1) })}: ${head}` : fill("column", { number: number(place + 1) });
}

function tellFirst() {
  const ids = idsOf();
  // a phone number is not shown again
  const first = kind() === PHONES ? "…" : (ids[0] ?? "");
  document.getElementById("about-file").textContent = fill("lines", { number: number(ids.length), first });
}

function kind() {
  return form.elements.kind.value;
}

/** Whether the first line is none of ids: it has no digit where the next one has. */
function isHead() {
  const [first, next] = rows.slice(0, 2).map((row) => row[Number(column.value || 0)] ?? "");
  return next !== undefined && /\d/.test(next) && !/\d/.test(first);
}

function idsOf() {
  const place = Number(column.value || 0);
  return rows.slice(head.checked ? 1 : 0).map((row) => (row[place] ?? "").trim()).filter(Boolean);
}

function refuse(name) {
  document.getElementById("about-file").textContent = "";
  complain(word(name));
}

function complain(sentence) {
  wrong.textContent = sentence;
  wrong.hidden = !sentence;
}

async function send() {
  const ids = idsOf();
  if (!ids.length) return refuse("empty");
  const button = document.getElementById("send");
  button.disabled = true;
  complain("");
  document.getElementById("sending").hidden = false;
  let { done, list } = begun ?? { done: 0, list: null };
  try {
    for (; done < ids.length; done += IDS_AT_ONCE) {
      show(done, ids.length);
      const part = await sent(ids.slice(done, done + IDS_AT_ONCE));
      list = list
        ? await post(`/v1/lists/${list.id}/ids`, { ids: part })
        : await post("/v1/lists", { name: form.elements.name.value, kind: kind(), ids: part });
    }
    show(ids.length, ids.length);
    tell(fill("stored", { known: number(list.counts.known), given: number(list.counts.given) }));
    location.reload();
  } catch (error) {
    button.disabled = false;
    document.getElementById("sending").hidden = true;
    begun = list && { done, list };
    complain(whyNot(error, list, done, ids.length));
  }
}

function whyNot(error, list, done, all) {
  if (list) return fill("stopped", { done: number(done), all: number(all) });
  if (error instanceof ApiError && error.status === 422) return fill("none_known", { number: number(Math.min(all, IDS_AT_ONCE)) });
  return fill("refused", { detail: error.message });
}

/** The ids as the API takes them: of phone numbers their hashes, made by the service as it makes its own. */
async function sent(ids) {
  if (kind() !== PHONES) return ids;
  return (await post("/console/lists/phones", { numbers: ids })).hashes;
}

function show(done, all) {
  Object.assign(document.getElementById("bar"), { max: all, value: done });
  document.getElementById("sent").textContent = fill("sending", { done: number(done), all: number(all) });
}

async function remove(button) {
  const card = button.closest("[data-list]");
  if (!confirm(fill("really", { name: card.dataset.name }))) return;
  button.disabled = true;
  try {
    await call("DELETE", `/v1/lists/${card.dataset.list}`);
    location.reload();
  } catch (error) {
    button.disabled = false;
    tell(fill("refused", { detail: error.message }));
  }
}

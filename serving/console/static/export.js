// The form of an export: what fits together, and who would be in the file before it is made.

import { get } from "./api.js";
import { number } from "./numbers.js";
import { tell } from "./shell.js";
import { fill, word } from "./words.js";

const REASONS = ["held_out", "without_consent", "shared_with_held_out", "duplicates", "without_contact"];
const WAIT_MS = 250;
const LOOK_MS = 3000;

const form = document.getElementById("export-form");
const leaving = document.getElementById("leaving");
const download = document.getElementById("download");
let running;
let timer;

if (form) {
  form.addEventListener("change", () => {
    fit();
    clearTimeout(timer);
    timer = setTimeout(count, WAIT_MS);
  });
  form.addEventListener("submit", () => {
    tell(word("started"));
    setTimeout(showMade, LOOK_MS);
  });
  fit();
  count();
}

/** Shows the columns for an own table only, and contacts only with the channel whose consent is asked. */
function fit() {
  const own = form.elements.destination.value === "";
  document.getElementById("own-table").hidden = !own;
  const channel = form.elements.channel.value;
  for (const choice of form.querySelectorAll("[data-channel]")) {
    const box = choice.querySelector("input");
    box.disabled = choice.dataset.channel !== channel;
    if (box.disabled) box.checked = false;
    choice.hidden = box.disabled;
  }
}

function asked() {
  const told = new FormData(form);
  const query = new URLSearchParams();
  if (told.get("destination")) query.set("destination", told.get("destination"));
  else {
    if (told.get("channel")) query.set("channel", told.get("channel"));
    if (told.getAll("columns").length) query.set("columns", told.getAll("columns").join(","));
  }
  return query;
}

async function count() {
  running?.abort();
  running = new AbortController();
  leaving.replaceChildren(line("p", word("counting")));
  download.disabled = true;
  const audience = document.getElementById("export-card").dataset.audience;
  try {
    const told = await get(`/v1/audiences/${audience}/exports/counts?${asked()}`, { signal: running.signal });
    show(told);
  } catch (error) {
    if (error.name === "AbortError") return;
    leaving.replaceChildren(line("p", word("failed")), line("p", error.message));
  }
}

function show({ counts, contacts }) {
  const parts = [line("p", counts.leaving ? fill("leaves", written(counts)) : word("nobody"))];
  const reasons = REASONS.filter((reason) => counts[reason]);
  if (reasons.length) {
    const list = document.createElement("ul");
    list.append(...reasons.map((reason) => line("li", fill(reason, { number: number(counts[reason]) }))));
    parts.push(line("p", word("stay")), list);
  }
  if (contacts === "synthetic") parts.push(line("p", word("synthetic")));
  leaving.replaceChildren(...parts);
  download.disabled = counts.leaving === 0;
}

function written({ leaving: out, audience }) {
  return { leaving: number(out), audience: number(audience) };
}

/** Shows the exports as they stand now, the one just begun among them. */
async function showMade() {
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const made = page.getElementById("exports-made");
  if (made) document.getElementById("exports-made").replaceWith(made);
}

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

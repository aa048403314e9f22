// The page of one audience: follows a build, stops it, and puts the results in.

import { get, post } from "./api.js";
import { tell } from "./shell.js";
import { fill, word } from "./words.js";
import "./copy.js";

const PAUSE_MS = 700;

const build = document.getElementById("build");
if (build) follow(build);

const results = document.getElementById("came-of-it");
if (results) {
  show(results.dataset.address);
  document.getElementById("launched")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const named = new FormData(event.target).get("product_id").trim();
    show(results.dataset.address + (named ? `?product_id=${encodeURIComponent(named)}` : ""));
  });
}

function follow(section) {
  const address = `/v1/audiences/${section.dataset.audience}`;
  const steps = JSON.parse(document.getElementById("steps").textContent);
  const bar = document.getElementById("bar");
  const step = document.getElementById("step");
  const button = document.getElementById("cancel");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await post(`${address}/cancel`);
      tell(word("cancelling"));
    } catch (error) {
      button.disabled = false;
      tell(fill("not_cancelled", { detail: error.message }));
    }
  });
  const look = async () => {
    try {
      const { state, progress } = await get(address);
      if (!["queued", "running"].includes(state)) return location.reload();
      if (progress.all) Object.assign(bar, { max: progress.all, value: progress.done });
      const said = steps[progress.what] ?? word("working");
      if (step.textContent !== said) step.textContent = said;
    } catch (error) {
      console.warn(error);
    }
    setTimeout(look, PAUSE_MS);
  };
  setTimeout(look, PAUSE_MS);
}

/** Puts what came of the audience into the page; the server writes it, as counting takes a while. */
async function show(address) {
  results.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    results.replaceChildren(...part.body.childNodes);
    const { drawChart } = await import("./charts.js");
    for (const figure of results.querySelectorAll("figure.chart")) drawChart(figure);
  } catch (error) {
    console.warn(error);
    const sorry = document.createElement("p");
    sorry.className = "notice warning";
    sorry.textContent = word("failed");
    results.replaceChildren(sorry);
  }
  results.setAttribute("aria-busy", "false");
}

// The build of a launch's audience: its progress, its end, and the form of its one export.

import { get, post } from "./api.js";
import { number } from "./numbers.js";
import { fill, word } from "./words.js";

const PAUSE_MS = 700;
const UNDER_WAY = ["queued", "running"];

const at = (id) => document.getElementById(id);

/** Follows the build {id, channel}; `onEnd(sentence)`: it was stopped or failed, and can be asked for anew. */
export function followBuild({ id, channel }, { steps, onEnd }) {
  const address = `/v1/audiences/${id}`;
  at("building").hidden = false;
  at("build-form").hidden = true;
  at("build-cancel").onclick = async () => {
    at("build-cancel").disabled = true;
    await post(`${address}/cancel`).catch(() => {});
  };
  const end = (sentence) => {
    at("building").hidden = true;
    at("build-form").hidden = false;
    at("build-cancel").disabled = false;
    onEnd(sentence);
  };
  const look = async () => {
    try {
      const { state, progress, error, summary } = await get(address);
      if (state === "done") return built(id, channel, summary);
      if (!UNDER_WAY.includes(state)) return end(state === "failed" ? fill("could_not", { detail: error }) : word("cancelled"));
      if (progress.all) Object.assign(at("build-bar"), { max: progress.all, value: progress.done });
      const said = steps[progress.what] ?? word("building");
      if (at("build-step").textContent !== said) at("build-step").textContent = said;
    } catch (error) {
      if (error.status === 404) return end("");
      console.warn(error);
    }
    return setTimeout(look, PAUSE_MS);
  };
  look();
}

function built(id, channel, { selected, size, coupons }) {
  at("building").hidden = true;
  at("build-form").hidden = true;
  at("built").hidden = false;
  const told = { members: number(selected ?? size), coupons: number(coupons?.members) };
  at("built-words").textContent = fill(coupons ? "built_with" : "built", told);
  at("to-audience").href = `/console/audiences/${id}`;
  const form = at("export-form");
  if (!form) return;
  form.action = `${form.dataset.address}${id}/export`;
  form.elements.channel.value = channel;
  for (const choice of form.querySelectorAll("[data-channel]")) {
    const isOwn = choice.dataset.channel === channel;
    choice.hidden = !isOwn;
    Object.assign(choice.querySelector("input"), { disabled: !isOwn, checked: isOwn });
  }
}

// What an audience would bring: asks a dry run, shows its figures, and lets a slider run along its curve.
//
// A page includes parts/preview.html, brings the words of parts/preview_words.html and calls openPreview once.

import { get, post } from "./api.js";
import { curveRows, curveShareRows, drawChart, updateChart } from "./charts.js";
import { figuresAt, most, ofTold, placeOf, sizeOf } from "./curve_figures.js";
import { money, number } from "./numbers.js";
import { fill, word } from "./words.js";

const PAUSE_MS = 250;
const REST_MS = 900;

const part = (name) => document.getElementById(`preview-${name}`);

/**
 * The preview of this page. `ask(rule)` shows what the rule would bring, in place of what was asked before;
 * `clear()` empties it. `onSize(size)`: the slider moved; `onRest(size)`: it rests, ask again if you want the reasons
 * at that size. `onAnswer(audience)`: a dry run was answered; `onFailure(error)`: it was not.
 */
export function openPreview({ onSize = () => {}, onRest = () => {}, onAnswer = () => {}, onFailure = () => {} } = {}) {
  return new Preview({ onSize, onRest, onAnswer, onFailure });
}

class Preview {
  constructor(told) {
    Object.assign(this, told);
    this.points = [];
    this.heldOut = 0;
    this.kind = "products";
    this.steps = JSON.parse(part("steps").textContent);
    this.slider = part("slider");
    this.slider.addEventListener("input", () => this.slid());
  }

  clear() {
    this.stop();
    this.points = [];
    this.show({ empty: true });
  }

  /** Moves to a size without asking anybody. */
  moveTo(size) {
    if (!this.points.length) return;
    this.size = Math.min(Math.max(1, size), most(this.points));
    this.slider.value = placeOf(this.size, most(this.points));
    this.tellFigures();
  }

  async ask(rule) {
    this.stop();
    const asked = (this.asked = new AbortController());
    const { signal } = asked;
    this.show({ busy: true });
    try {
      const headers = { Prefer: "respond-async" };
      // not broken off: a dry run whose id nobody knows could not be cancelled
      let audience = await post("/v1/audiences", { ...rule, dry_run: true }, { headers });
      if (signal.aborted) return cancel(audience.id);
      asked.id = audience.id;
      while (["queued", "running"].includes(audience.state)) {
        this.tellProgress(audience.progress);
        await pause(PAUSE_MS, signal);
        audience = await get(`/v1/audiences/${audience.id}`, { signal });
      }
      asked.id = undefined;
      if (audience.state === "failed") throw new Error(audience.error);
      if (audience.state !== "done") throw new Error(word("preview_stopped"));
      const [{ curve }, found] = await Promise.all([
        get(`/v1/audiences/${audience.id}/curve`, { signal }),
        page(document.getElementById("preview").dataset.found + audience.id, signal),
      ]);
      if (asked !== this.asked) return;
      this.answered(audience, curve, found);
    } catch (error) {
      if (error.name === "AbortError" || asked !== this.asked) return;
      this.show({ error: error.message });
      this.onFailure(error);
    }
  }

  /** Stops what was asked before: nobody waits for it any more. */
  stop() {
    clearTimeout(this.resting);
    const { asked } = this;
    this.asked = undefined;
    if (!asked) return;
    asked.abort();
    if (asked.id) cancel(asked.id);
  }

  answered(audience, curve, found) {
    const { summary, rule } = audience;
    this.points = curve;
    this.kind = summary.target.kind;
    this.heldOut = rule.holdout?.share ?? 0;
    this.size = summary.size;
    this.show({ found: true });
    this.slider.value = placeOf(this.size, most(curve));
    this.slider.disabled = most(curve) < 2;
    this.tellFigures(this.exact(summary));
    const marks = this.marks();
    updateChart("preview-curve", { rows: curveRows(curve), marks });
    updateChart("preview-share", { rows: curveShareRows(curve), marks: shares(marks) });
    part("found").replaceChildren(...found);
    for (const figure of part("found").querySelectorAll("figure.chart")) drawChart(figure);
    this.onAnswer(audience);
  }

  slid() {
    this.stop();
    this.size = sizeOf(Number(this.slider.value), most(this.points));
    this.tellFigures();
    part("busy").hidden = true;
    part("found").setAttribute("aria-busy", "true");
    this.onSize(this.size);
    this.resting = setTimeout(() => this.onRest(this.size), REST_MS);
  }

  /** The figures at the size: those of a dry run where there is one, else out of the curve. */
  tellFigures(told) {
    const largest = most(this.points);
    const figures = told ?? this.ofCurve();
    const heldOut = Math.round(this.size * this.heldOut);
    const words = { number: number(largest), held_out: number(told?.heldOut ?? heldOut) };
    this.slider.setAttribute("aria-valuetext", fill("preview_size", { number: number(this.size) }));
    tile("members", word("preview_members"), number(this.size), fill(this.heldOut ? "preview_held_out" : "preview_of", words));
    if (!figures) return;
    const deeds = { lapse: "preview_lapse", event: "preview_do" };
    tile("doers", word(deeds[this.kind] ?? "preview_buy"), about(count(figures.doers.expected)), interval(figures.doers, count));
    const isSold = !(this.kind in deeds);
    part("sales").hidden = !isSold;
    if (isSold) tile("sales", word("preview_sales"), about(money(figures.sales.expected)), interval(figures.sales, money));
    const lift = figures.lift != null && figures.lift >= 1.005;
    const compared = lift ? fill("preview_times", { times: number(figures.lift, 1) }) : word("preview_as_many");
    tile("compared", word("preview_of_hundred"), about(count(100 * figures.share)), figures.lift == null ? "" : compared);
    if (told) return;
    const marks = this.marks();
    updateChart("preview-curve", { marks });
    updateChart("preview-share", { marks: shares(marks) });
  }

  ofCurve() {
    const figures = figuresAt(this.points, this.size);
    return figures && ofTold(figures, this.heldOut);
  }

  /** The figures of a dry run, in the form of the curve's. */
  exact({ size, selected, held_out, expected_buyers_interval: doers, expected_revenue_interval: sales }) {
    const share = selected ? doers.expected / selected : 0;
    return { doers, sales, share, lift: figuresAt(this.points, size)?.lift, heldOut: held_out };
  }

  marks() {
    const figures = figuresAt(this.points, this.size);
    return figures ? [{ size: this.size, ...figures.doers }] : [];
  }

  tellProgress({ done, all, what }) {
    const bar = part("bar");
    if (all) Object.assign(bar, { max: all, value: done });
    else bar.removeAttribute("value");
    const said = this.steps[what] ?? word("preview_working");
    if (part("step").textContent !== said) part("step").textContent = said;
  }

  show({ empty = false, busy = false, error, found = false }) {
    part("empty").hidden = !empty;
    part("busy").hidden = !busy;
    part("error").hidden = error === undefined;
    if (error !== undefined) part("error").textContent = fill("preview_failed", { detail: error });
    part("figures").hidden = empty || error !== undefined || !(found || this.points.length);
    part("found").hidden = part("figures").hidden;
    part("found").setAttribute("aria-busy", String(busy && this.points.length > 0));
    if (busy) {
      part("bar").removeAttribute("value");
      part("step").textContent = word("preview_waiting");
    }
  }
}

async function cancel(id) {
  try {
    const { state } = await get(`/v1/audiences/${id}`);
    if (["queued", "running"].includes(state)) await post(`/v1/audiences/${id}/cancel`);
  } catch (error) {
    // it ended meanwhile, or will end by itself
    console.info(error);
  }
}

function shares(marks) {
  return marks.map(({ size, expected, low, high }) => ({ size, expected: expected / size, low: low / size, high: high / size }));
}

const count = (value) => number(value, value < 10 ? 1 : 0);
const about = (said) => fill("preview_about", { number: said });
const interval = ({ low, high }, form) => fill("preview_between", { low: form(low), high: form(high) });

function tile(name, label, value, note) {
  const [first, second, third] = part(name).children;
  first.textContent = label;
  second.textContent = value;
  third.textContent = note;
}

/** The elements of a part that the server writes. */
async function page(address, signal) {
  const answer = await fetch(address, { credentials: "same-origin", signal });
  if (answer.redirected) location.reload();
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [...read.body.children];
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}

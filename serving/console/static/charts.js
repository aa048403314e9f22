// Charts: the page brings Vega-Lite specifications and rows as JSON; here they are drawn, and changed.
//
// No code is made out of text (`ast: true`: Vega interprets its expressions), and no style element is added.

import { money, number, percent } from "./numbers.js";

const NARROW = 480;
const ERRORS_ONLY = 1;
const MONDAY = Date.UTC(2024, 0, 1);
const drawings = new WeakMap();
let library;

function vegaEmbed() {
  library ??= import(document.querySelector("link[data-vega]").href).then(() => window.vegaEmbed);
  return library;
}

function found(figure) {
  return typeof figure === "string" ? document.getElementById(figure) : figure;
}

function brought(figure) {
  return JSON.parse(figure.querySelector(".chart-brought").textContent);
}

/** Shows a figure with these rows; `marks` are the second set of rows, where the kind has one. */
export function drawChart(figure, { rows, marks = [], title, says } = {}) {
  return updateChart(figure, { rows, marks, title, says });
}

/** Changes the rows, the marks or both; what is not given stays. */
export async function updateChart(figure, { rows, marks, title, says } = {}) {
  const element = found(figure);
  const drawing = of(element);
  if (title !== undefined) element.querySelector("figcaption").textContent = title;
  if (says !== undefined) tell(element.querySelector(".chart-says"), says);
  if (rows !== undefined) {
    drawing.datasets.rows = rows;
    showRows(element, drawing, rows);
  }
  if (marks !== undefined && drawing.marks) drawing.datasets[drawing.marks] = marks;
  if (!drawing.view) return drawing.draw();
  if (rows !== undefined) {
    drawing.view.data("rows", copied(rows));
    drawing.makeRoom();
  }
  if (marks !== undefined && drawing.marks) drawing.view.data(drawing.marks, copied(marks));
  return drawing.view.runAsync();
}

/** Rows of `curve` out of the points of an audience's curve. */
export function curveRows(points) {
  return points.map(({ size, expected_buyers: { expected, low, high } }) => ({ size, expected, low, high }));
}

/** Rows of `curve_share` out of the same. */
export function curveShareRows(points) {
  return curveRows(points).map(({ size, expected, low, high }) => ({
    size,
    expected: expected / size,
    low: low / size,
    high: high / size,
  }));
}

function copied(rows) {
  // Vega marks what it is handed
  return rows.map((row) => ({ ...row }));
}

function tell(element, sentence) {
  element.textContent = sentence;
  element.hidden = !sentence;
}

function showRows(element, drawing, rows) {
  const isEmpty = rows.length === 0;
  const empty = element.querySelector(".chart-empty");
  element.hidden = isEmpty && !empty;
  if (empty) empty.hidden = !isEmpty;
  element.querySelector(".chart-drawing").hidden = isEmpty;
  const table = element.querySelector(".chart-table");
  table.hidden = isEmpty;
  table.querySelector("tbody").replaceChildren(...rows.map((row) => tableRow(drawing.columns, row)));
}

function tableRow(columns, row) {
  const line = document.createElement("tr");
  for (const { name, form, counts } of columns) {
    const cell = line.insertCell();
    cell.textContent = written(row[name], form);
    if (counts) cell.className = "end";
  }
  return line;
}

function written(value, form) {
  if (value == null) return number(null);
  if (form === "number") return number(value);
  if (form === "decimal") return number(value, 2);
  if (form === "money") return money(value);
  if (form === "percent") return percent(value, 1);
  if (form === "day") return inWords(new Date(value), { dateStyle: "medium" });
  if (form === "weekday") return inWords(new Date(MONDAY + (value - 1) * 86_400_000), { weekday: "short" });
  return String(value);
}

function inWords(date, options) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { ...options, timeZone: "UTC" }).format(date);
}

function of(element) {
  if (!drawings.has(element)) drawings.set(element, new Drawing(element));
  return drawings.get(element);
}

/** One figure: drawn once it has a width (a hidden tab has none), and again whenever the width changes. */
class Drawing {
  constructor(element) {
    Object.assign(this, brought(element));
    this.element = element;
    this.place = element.querySelector(".chart-drawing");
    // one image to those who hear the page, by the figure's title and sentence; Vega names each mark, in English
    this.canvas = document.createElement("div");
    this.canvas.setAttribute("aria-hidden", "true");
    this.place.replaceChildren(this.canvas);
    this.width = 0;
    new ResizeObserver(() => this.fit()).observe(this.place);
  }

  fit() {
    const width = this.place.clientWidth;
    if (!width || width === this.width) return;
    const isNew = this.width === 0;
    this.width = width;
    if (isNew) this.draw();
    // Vega measures its place again when the window changes
    else if (this.view) window.dispatchEvent(new Event("resize"));
  }

  /** A promise of the drawing; nothing is drawn while there is no room or no row. */
  draw() {
    if (!this.place.clientWidth || !this.datasets.rows.length) return Promise.resolve();
    this.drawn ??= this.embed().catch((error) => {
      console.error(error);
      this.place.hidden = true;
      this.element.querySelector(".chart-failed").hidden = false;
      this.element.querySelector("details").open = true;
    });
    return this.drawn;
  }

  /** Of bars: the height that their number asks for, and the part of it that labels take. */
  get room() {
    const { bar, gap } = this.spec.usermeta;
    const count = (name) => new Set(this.datasets.rows.map((row) => row[name])).size;
    const step = bar * count("series") + gap;
    return { height: step * count("label") + gap, gapShare: gap / step };
  }

  makeRoom() {
    if (!this.spec.usermeta?.bar) return;
    this.view.height(this.room.height).signal("gap_share", this.room.gapShare);
  }

  async embed() {
    const embed = await vegaEmbed();
    const locales = JSON.parse(document.getElementById("chart-locales").textContent);
    const spec = structuredClone(this.spec);
    spec.datasets = structuredClone(this.datasets);
    spec.config.axisY.labelLimit = this.place.clientWidth - 12;
    if (this.place.clientWidth < NARROW) {
      spec.config.axisX.tickCount = 4;
      spec.config.legend.columns = 1;
    }
    if (spec.usermeta?.bar) {
      spec.height = this.room.height;
      spec.params.find(({ name }) => name === "gap_share").value = this.room.gapShare;
    }
    const { view } = await embed(this.canvas, spec, {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true,
      defaultStyle: false,
      hover: false,
      logLevel: ERRORS_ONLY,
      tooltip: (_, event, __, value) => pointAt(event, value),
      formatLocale: locales.number,
      timeFormatLocale: locales.time,
    });
    this.view = view;
  }
}

let pointer;

/** The names and values where the pointer is; nothing when it has left. */
function pointAt(event, value) {
  if (value == null || value === "") {
    if (pointer) pointer.hidden = true;
    return;
  }
  if (!pointer) {
    pointer = document.createElement("dl");
    pointer.className = "chart-pointer";
    // the figure's table says the same to those who hear the page
    pointer.setAttribute("aria-hidden", "true");
    document.body.append(pointer);
  }
  const lines = Object.entries(value).flatMap(([name, said]) => [part("dt", name), part("dd", said)]);
  pointer.replaceChildren(...lines);
  pointer.hidden = false;
  const { width, height } = pointer.getBoundingClientRect();
  pointer.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  pointer.style.top = `${Math.max(4, event.clientY - height - 12)}px`;
}

function part(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

for (const figure of document.querySelectorAll("figure.chart")) of(figure).draw();

// What came of what was recommended: counted when the page is there, for a long log takes its time.

import { get } from "./api.js";
import { drawChart } from "./charts.js";
import { money, number, percent } from "./numbers.js";
import { refreshTable } from "./tables.js";
import { fill, word } from "./words.js";

const MOST_PLACES = 12;
const names = JSON.parse(document.getElementById("names").textContent);
const section = document.getElementById("report");
const state = document.getElementById("report-state");

function scenario(name) {
  return names.scenarios[name] ?? name;
}

function put(id, text) {
  document.getElementById(id).textContent = text;
}

function showTotals({ shown, clicked, bought, revenue }) {
  put("shown", number(shown));
  put("clicked", number(clicked));
  put("bought", number(bought));
  put("revenue", money(revenue));
  put("clicked-share", fill("share_clicked", { share: percent(clicked / shown, 1) }));
  put("bought-share", fill("share_clicked", { share: percent(bought / shown, 1) }));
}

function byScenario(scenarios) {
  const most = Object.entries(scenarios).sort(([, a], [, b]) => b.shown - a.shown).slice(0, MOST_PLACES);
  return most.flatMap(([name, { shown, clicked, bought }]) => [
    { label: scenario(name), series: word("clicked"), value: clicked / shown },
    { label: scenario(name), series: word("bought"), value: bought / shown },
  ]);
}

function byDay(days) {
  return days.flatMap(({ day, clicked, bought }) => [
    { day, series: word("clicked"), value: clicked },
    { day, series: word("bought"), value: bought },
  ]);
}

function cell(text, { value = text, end = false } = {}) {
  const made = document.createElement("td");
  made.textContent = text;
  made.dataset.value = value;
  if (end) made.className = "end";
  return made;
}

/** The release and the number of its model: "r000002, model 7". */
function release({ release, model }) {
  return model ? fill("of_release", { release, number: model.split(" ").at(-1) }) : fill("gone_release", { release });
}

function row(outcome) {
  const made = document.createElement("tr");
  made.append(
    cell(scenario(outcome.scenario)),
    cell(names.sources[outcome.source] ?? outcome.source),
    cell(release(outcome)),
    cell(number(outcome.shown), { value: outcome.shown, end: true }),
    cell(number(outcome.clicked), { value: outcome.clicked, end: true }),
    cell(number(outcome.bought), { value: outcome.bought, end: true }),
    cell(money(outcome.revenue), { value: outcome.revenue, end: true }),
  );
  return made;
}

function show(report) {
  if (!report.outcomes.length) {
    state.hidden = true;
    document.getElementById("report-empty").hidden = false;
    return;
  }
  const { shown, clicked, bought } = report.total;
  state.className = "hidden-words";
  document.getElementById("report-found").hidden = false;
  document.getElementById("no-clicks").hidden = clicked > 0;
  showTotals(report.total);
  drawChart("by-scenario", { rows: byScenario(report.scenarios) });
  drawChart("by-day", { rows: byDay(report.by_day) });
  const table = document.getElementById("outcomes");
  table.querySelector("tbody").replaceChildren(...report.outcomes.map(row));
  refreshTable(table);
  state.textContent = fill("counted", { shown: number(shown), clicked: number(clicked), bought: number(bought) });
}

get(`/v1/reports/recommendations?days=${section.dataset.days}`).then(show, () => {
  state.classList.add("error");
  state.textContent = word("failed");
});

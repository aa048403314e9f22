// Tables that sort and turn pages; without this script they are plain tables with every row.
//
// A cell is sorted by its `data-value` (a number, or text), else by its text; cells with nothing stand last.

import { number } from "./numbers.js";

const collator = new Intl.Collator(document.documentElement.lang, { numeric: true, sensitivity: "base" });
const known = new WeakMap();

/** Makes every `.data-table` below `root` sort and turn pages; those that do already are left as they are. */
export function enhanceTables(root = document) {
  for (const element of root.querySelectorAll(".data-table")) of(element);
}

/** After a script has put other rows into a `.data-table`: sorts them as the reader chose, from the first page on. */
export function refreshTable(element) {
  of(element).refresh();
}

function of(element) {
  if (!known.has(element)) known.set(element, new DataTable(element));
  return known.get(element);
}

class DataTable {
  constructor(element) {
    this.element = element;
    this.scroller = element.querySelector(".table-scroll");
    this.body = element.querySelector("tbody");
    this.pageSize = Number(element.dataset.pageSize);
    this.first = 0;
    this.headers = [...element.querySelectorAll("thead th")];
    this.headers.forEach((header, column) => this.makeSortable(header, column));
    this.status = document.createElement("p");
    this.status.className = "hidden-words";
    this.status.setAttribute("role", "status");
    element.append(this.status);
    this.makePager();
    this.showPage(0);
  }

  get rows() {
    return [...this.body.rows];
  }

  makeSortable(header, column) {
    if ("fixed" in header.dataset || !header.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      // numbers are asked for from the largest on, names from the first on
      const first = header.classList.contains("end") ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      this.sort(column, header.getAttribute("aria-sort") === first ? other : first);
    });
  }

  sort(column, order) {
    this.headers.forEach((header, at) => {
      if (at === column) header.setAttribute("aria-sort", order);
      else header.removeAttribute("aria-sort");
    });
    this.order(column, order);
    this.showPage(0);
    const told = order === "ascending" ? this.element.dataset.up : this.element.dataset.down;
    this.status.textContent = told.replace("{column}", this.headers[column].textContent.trim());
  }

  order(column, order) {
    const sign = order === "ascending" ? 1 : -1;
    const keyed = this.rows.map((row) => ({ row, value: valueOf(row.cells[column]) }));
    keyed.sort((a, b) => compare(a.value, b.value, sign));
    this.body.append(...keyed.map(({ row }) => row));
  }

  refresh() {
    const column = this.headers.findIndex((header) => header.hasAttribute("aria-sort"));
    if (column >= 0) this.order(column, this.headers[column].getAttribute("aria-sort"));
    const isEmpty = this.body.rows.length === 0;
    const empty = this.element.querySelector(".data-table-empty");
    if (empty) {
      empty.hidden = !isEmpty;
      this.scroller.hidden = isEmpty;
    }
    this.showPage(0);
  }

  makePager() {
    this.pager = document.createElement("nav");
    this.pager.className = "pager";
    this.pager.setAttribute("aria-label", this.element.dataset.pages);
    this.range = document.createElement("span");
    this.range.setAttribute("role", "status");
    this.previous = this.turner(this.element.dataset.previous, -1);
    this.next = this.turner(this.element.dataset.next, 1);
    this.pager.append(this.previous, this.range, this.next);
    this.element.append(this.pager);
  }

  turner(label, step) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      // not `disabled`: the focus would be lost on the last page
      if (button.getAttribute("aria-disabled") === "true") return;
      this.showPage(this.first + step * this.pageSize);
      this.scroller.scrollTop = 0;
    });
    return button;
  }

  showPage(first) {
    const rows = this.rows;
    this.first = Math.max(0, Math.min(first, rows.length - 1));
    const end = Math.min(this.first + this.pageSize, rows.length);
    rows.forEach((row, at) => {
      row.hidden = at < this.first || at >= end;
    });
    this.pager.hidden = rows.length <= this.pageSize;
    this.previous.setAttribute("aria-disabled", String(this.first === 0));
    this.next.setAttribute("aria-disabled", String(end === rows.length));
    const said = { first: number(this.first + 1), last: number(end), all: number(rows.length) };
    this.range.textContent = this.element.dataset.range.replace(/\{(\w+)\}/g, (_, name) => said[name]);
  }
}

function valueOf(cell) {
  const text = (cell?.dataset.value ?? cell?.textContent ?? "").trim();
  if (text === "" || text === "None") return null;
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * collator.compare(String(a), String(b));
}

enhanceTables();

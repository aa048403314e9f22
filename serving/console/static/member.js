// A member's page: another place's ideas come in without loading the page again.

import { swapPart } from "./swap.js";

let asked;

async function show(address, id) {
  asked?.abort();
  asked = new AbortController();
  const part = document.getElementById(id);
  part.setAttribute("aria-busy", "true");
  try {
    if (await swapPart(address, id, { signal: asked.signal })) history.replaceState(null, "", address);
    part.removeAttribute("aria-busy");
  } catch (error) {
    // the page itself says what is wrong
    if (error.name !== "AbortError") location.assign(address);
  }
}

function formAddress(form) {
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form)).toString();
  return address.href;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href, link.dataset.swap);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  show(formAddress(form), form.dataset.swap);
});

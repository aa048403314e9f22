// Buttons that copy a text of the page: data-copy names the element that holds it.

import { tell } from "./shell.js";
import { word } from "./words.js";

/** Copies, also where the browser knows no clipboard (pages without TLS). */
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  tell(word("copied"));
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(document.getElementById(button.dataset.copy)));
}

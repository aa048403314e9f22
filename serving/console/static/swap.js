// Parts of a page brought up to date from the page itself, without losing the reader's place.

/** Puts the part of that id in, as the address has it now; what had the focus keeps it, by its id or its place. */
export async function swapPart(address, id, { signal } = {}) {
  const answer = await fetch(address, { credentials: "same-origin", signal, headers: { Accept: "text/html" } });
  if (answer.redirected && new URL(answer.url).pathname === "/console/sign-in") {
    location.assign(answer.url);
    return false;
  }
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(id);
  const old = document.getElementById(id);
  if (!fresh || !old) return false;
  const focused = place(old);
  old.replaceChildren(...fresh.childNodes);
  focused(old);
  return true;
}

/** A function that puts the focus back where it is now. */
function place(part) {
  const element = document.activeElement;
  if (!element || !part.contains(element)) return () => {};
  const { id } = element;
  const among = [...part.querySelectorAll("a, button, select, input")].indexOf(element);
  return (fresh) => {
    const found = id && document.getElementById(id);
    const target = found || [...fresh.querySelectorAll("a, button, select, input")][among];
    target?.focus({ preventScroll: true });
  };
}

// A store's worklist: brings itself up to date every minute, and when the tablet wakes up.

import { swapPart } from "./swap.js";

const EVERY = 60_000;
let latest = Date.now();

async function refresh() {
  if (document.hidden) return;
  latest = Date.now();
  try {
    // the tab in view: without one in the address, another list could come first meanwhile
    const address = location.search ? location.href : document.querySelector("#worklist .tabs [aria-current]").href;
    await swapPart(address, "worklist");
  } catch {
    // the shop's network is away for a moment: the next minute asks again
  }
}

setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && Date.now() - latest > EVERY) refresh();
});

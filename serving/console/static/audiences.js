// The list of audiences: those that are being built show how far they are, until they are done.

import { get } from "./api.js";

const PAUSE_MS = 1500;
const unfinished = [...document.querySelectorAll('[data-state="queued"], [data-state="running"]')];

/** Whether the audience of a line has ended; moves its bar. */
async function look(line) {
  const { state, progress } = await get(`/v1/audiences/${line.dataset.audience}`);
  if (!["queued", "running"].includes(state)) return true;
  const bar = line.querySelector("progress");
  if (progress.all) Object.assign(bar, { max: progress.all, value: progress.done });
  return false;
}

async function watch() {
  try {
    const ended = await Promise.all(unfinished.map(look));
    if (ended.some(Boolean)) return location.reload();
  } catch (error) {
    console.warn(error);
  }
  setTimeout(watch, PAUSE_MS);
}

if (unfinished.length) setTimeout(watch, PAUSE_MS);

// A page that waits for something shows it as soon as it is there: asks every two seconds, for a minute.
"use strict";

const EVERY = 2000;
const AT_MOST = 31;

const waiting = document.querySelector("[data-waits-at]");

async function look(times) {
  try {
    const answer = await fetch(waiting.dataset.waitsAt, { credentials: "same-origin" });
    const isOther = answer.ok && (await answer.json()).mark !== waiting.dataset.mark;
    if (answer.redirected || isOther || times >= AT_MOST) {
      location.reload();
      return;
    }
  } catch {
    // The network is away for a moment; the next look may find it.
  }
  setTimeout(look, EVERY, times + 1);
}

if (waiting) setTimeout(look, EVERY / 2, 1);

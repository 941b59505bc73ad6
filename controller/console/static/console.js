// Better with it, complete without it: every few seconds the parts marked `data-live` are read again.
"use strict";
const every = 5000;
const told = document.getElementById("poll");
let since = null;

function renew(next) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(part.id);
    if (!fresh) { told.textContent = "What this page shows has ended; open it again."; continue; }
    if (fresh.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
    for (const open of part.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const scrolled = Array.from(part.querySelectorAll(".wide"), (each) => each.scrollLeft);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".wide").forEach((each, n) => { each.scrollLeft = scrolled[n] || 0; });
  }
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
    const page = (answer.headers.get("content-type") || "").startsWith("text/html");
    if (answer.status >= 500 || !page) throw new Error("no page");
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (since !== null) told.textContent = "";
    since = null;
  } catch (_) {
    since = since || new Date();
    told.textContent = "Not refreshed since " + since.toISOString().slice(11, 19) + " UTC; trying again.";
  }
}

if (document.querySelector("[data-live]")) setInterval(look, every);

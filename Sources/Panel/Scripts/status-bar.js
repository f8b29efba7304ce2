// On every page: where the site stands, and why, one click away. And whether what is shown is still true.

import { find, keep, make, setData, setHidden, setText } from "./dom.js";
import { glyph, reason, span, time, upperFirst } from "./texts.js";
import { viewer } from "./viewer.js";

const chip = find("chip");
const texts = [...document.querySelectorAll("[data-chip]")];
const glyphs = [...document.querySelectorAll("[data-glyph]")];
const panel = find("reason");

chip.addEventListener("click", () => open(panel.hidden));
addEventListener("keydown", event => {
  if (event.key !== "Escape" || panel.hidden || document.querySelector("dialog[open]")) return;
  open(false);
  chip.focus();
});

function open(isOpen) {
  panel.hidden = !isOpen;
  chip.setAttribute("aria-expanded", String(isOpen));
}

let announced;

export function showStatusBar(site) {
  setData(document.body, "phase", site.phase);
  for (const node of texts) setText(node, site.chip);
  for (const node of glyphs) setText(node, glyph(site.phase));
  setText(find("site"), site.pair?.main?.name ?? "–");
  setText(find("active-hub"), site.active?.hub ?? "none");
  const title = `${glyph(site.phase)} ${site.chip} – ${viewer.machine}`;
  if (document.title !== title) document.title = title;
  if (announced !== site.chip) {
    if (announced !== undefined) setText(find("announcement"), site.chip);
    announced = site.chip;
  }
  setText(find("explanation"), site.explanation);
  keep(find("reason-details"), details(site), ([name]) => name, ([name]) => {
    return make("div", {}, make("dt", {}, name), make("dd"));
  }, (node, [, text]) => setText(node.lastChild, text));
}

function details(site) {
  const { active, pair } = site;
  const rows = [["Epoch", site.epoch === null ? "none" : String(site.epoch)]];
  if (!active) return rows;
  rows.push(["Since", time(new Date(active.since))], ["Began because", upperFirst(reason(active.reason))]);
  if (active.evidence && active.evidence !== reason(active.reason)) rows.push(["What was seen", active.evidence]);
  if (active.previous && active.previous !== active.hub) rows.push(["Before", active.previous]);
  if (active.silenceMs > 0) rows.push(["Silent until then for", span(active.silenceMs)]);
  if (pair?.backup) {
    rows.push(["When Main is back", pair.return === "manual"
      ? "An operator switches back" : "Everyone goes home by itself"]);
  }
  return rows;
}

/** How the page stands with its machine; see `follow`. */
export function showStanding({ state, heardAt }) {
  setData(document.body, "standing", state);
  const connection = find("connection");
  setHidden(connection, state === "live");
  if (state === "live") return;
  setText(connection, state === "lost"
    ? `The connection to ${viewer.machine} is lost. What you see is from ${time(heardAt)}. Trying again.`
    : `${viewer.machine} has told nothing of the site since ${time(heardAt)}: it reaches no hub, or is busy. What you see is from then.`);
}

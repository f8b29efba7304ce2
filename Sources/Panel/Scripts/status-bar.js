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
  // The bar stays in sight wherever the page was scrolled to, and the reason stands below it at the top.
  if (isOpen) window.scrollTo(0, 0);
}

let announced;

export function showStatusBar(site) {
  showChip(site.phase, site.chip);
  setText(find("site"), site.pair?.main?.name ?? "–");
  setText(find("active-hub"), site.active?.hub ?? "none");
  setText(find("explanation"), site.explanation);
  keep(find("reason-details"), details(site), ([name]) => name, ([name]) => {
    return make("div", {}, make("dt", {}, name), make("dd"));
  }, (node, [, text]) => setText(node.lastChild, text));
}

function showChip(phase, chip) {
  setData(document.body, "phase", phase);
  for (const node of texts) setText(node, chip);
  for (const node of glyphs) setText(node, glyph(phase));
  const title = `${glyph(phase)} ${chip} – ${viewer.machine}`;
  if (document.title !== title) document.title = title;
  if (announced === chip) return;
  if (announced !== undefined) setText(find("announcement"), chip);
  announced = chip;
}

/** What a client that reaches no hub knows by itself: the words of a server that is isolated. */
const isolated = document.body.dataset.isolated;

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
  if (state === "unreached") {
    showChip("isolated", isolated);
    setText(find("active-hub"), "not known");
    setText(find("explanation"), `${viewer.machine} reaches no hub of the site. Check its network, and that a server runs.`);
    keep(find("reason-details"), []);
  }
  // What stands on the tab of a page that is not seen must not be taken for what is now.
  if (state === "asleep") document.title = `… ${viewer.machine}`;
  setText(connection, sentences[state](time(heardAt)));
}

const sentences = {
  lost: moment => `The connection to ${viewer.machine} is lost. What you see is from ${moment}. Trying again.`,
  silent: moment => `${viewer.machine} has told nothing of the site since ${moment}. What you see is from then.`,
  asleep: moment => `This page was in the background, and looks at the site again. What you see is from ${moment}.`,
  unreached: moment => `${viewer.machine} reaches no hub of the site. What you see below is from ${moment}.`,
};

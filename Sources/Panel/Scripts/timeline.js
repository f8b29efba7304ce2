// The last switches, newest first, with what each client felt of them; and the commands among them.

import { find, keep, make, setHidden, setText } from "./dom.js";
import { reason, span, time, upperFirst } from "./texts.js";

/** Epoch to machine to milliseconds. A machine tells only its last switch; what it told before is kept while the page is open. */
const outages = new Map();
const rowsOfOutages = 8;

export function noteOutages(site) {
  for (const machine of site.machines) {
    const change = machine.lastSwitch;
    if (!change) continue;
    if (!outages.has(change.epoch)) {
      outages.set(change.epoch, new Map());
      // The history is as long.
      if (outages.size > 50) outages.delete(Math.min(...outages.keys()));
    }
    outages.get(change.epoch).set(machine.name, change.outageMs);
  }
}

export function showTimeline(site) {
  const entries = site.history?.transitions ?? [];
  setHidden(find("timeline-empty"), entries.length > 0);
  keep(find("timeline"), entries, keyOf, entry => (entry.command ? command(entry) : transition(entry)), (node, entry) => {
    if (!entry.command) showOutages(node.querySelector(".outages"), entry.epoch);
  });
}

const keyOf = entry => `${entry.at} ${entry.epoch} ${entry.command ?? ""} ${entry.by}`;

function moment(entry) {
  return make("time", { datetime: entry.at, title: entry.at }, time(new Date(entry.at)));
}

function command(entry) {
  const isDone = entry.outcome === "ok";
  return make("li", { class: "command", "data-outcome": entry.outcome },
    moment(entry),
    make("div", { class: "event" },
      make("p", { class: "event-title" }, make("span", { class: "mark", "aria-hidden": "true" }, isDone ? "✓" : "✕"), " ",
        make("bdi", {}, entry.by), ` ordered ${entry.command}: ${isDone ? "done" : "refused"}`),
      entry.message ? make("p", { class: "event-why" }, entry.message) : ""));
}

function transition(entry) {
  const moved = entry.from && entry.from !== entry.to;
  return make("li", { class: "switch", "data-reason": entry.reason },
    moment(entry),
    make("div", { class: "event" },
      make("p", { class: "event-title" },
        ...(moved ? [make("bdi", {}, entry.from), make("span", { class: "arrow", "aria-label": "to" }, " → ")] : []),
        make("bdi", {}, entry.to), moved ? "" : " goes on",
        make("span", { class: "epoch" }, `epoch ${entry.epoch}`)),
      make("p", { class: "event-why" }, upperFirst(reason(entry.reason)),
        entry.evidence && entry.evidence !== reason(entry.reason) ? `: ${entry.evidence}` : ""),
      make("ul", { class: "outages", "aria-label": "How long each machine was without a hub" })));
}

function showOutages(node, epoch) {
  const known = [...(outages.get(epoch) ?? [])].sort((one, other) => other[1] - one[1]);
  const longest = known[0]?.[1] ?? 0;
  const rows = known.slice(0, rowsOfOutages);
  if (known.length > rowsOfOutages) rows.push(["", known[rowsOfOutages][1], known.length - rowsOfOutages]);
  keep(node, rows, ([name]) => name, () => {
    const bar = make("span", { class: "bar" }, make("span"));
    return make("li", {}, make("bdi", { class: "who" }), bar, make("span", { class: "value" }));
  }, (item, [name, milliseconds, more]) => {
    setText(item.firstChild, more ? `${more} more` : name);
    setText(item.lastChild, `${more ? "at most " : ""}${span(milliseconds)}`);
    item.querySelector(".bar span").style.inlineSize = `${Math.max(2, 100 * milliseconds / Math.max(longest, 1))}%`;
  });
}

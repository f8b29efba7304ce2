// A planned switch, before a server is serviced or after it.

import { command } from "./commands.js";
import { ask, name, paragraph } from "./dialog.js";
import { count, list } from "./dom.js";
import { objection } from "./rights.js";
import { span } from "./texts.js";

/** The server that could act in the active one's place; null where the pair has none. */
export function otherHub(site) {
  return site.active?.hub ? site.servers.find(server => server.name !== site.active.hub)?.name ?? null : null;
}

/** What speaks against a planned switch now, as a sentence, or null. */
export function switchObjection(site) {
  const against = objection(site);
  if (against) return against;
  const other = otherHub(site);
  if (!other) return "This site has one server only: add a Backup server under Machines.";
  if (site.phase.startsWith("switching")) return "A switch is under way.";
  if (isApart(site)) return `${site.active.hub} does not see ${other} now. A switch is possible when it does.`;
  if (!["idle", "active"].includes(site.phase)) return `${other} could not take over now: see Readiness on the Status page.`;
  return null;
}

/** The two servers do not see each other. */
export const isApart = site => site.missing.includes("serverLink") || site.missing.includes("backupUnreachable");

export function askToSwitch(site, to) {
  ask({
    title: `Switch to ${to}?`,
    body: [
      paragraph("All clients move from ", name(site.active.hub), " to ", name(to), ". Nothing is lost."),
      interrupted(site, to),
      ...unreached(site, to),
      paragraph(to === site.pair?.main?.name
        ? "After that the Backup stands by again."
        : "After that nobody goes home by itself: an operator switches back, or Main is lost and comes back."),
    ],
    verb: `Switch to ${to}`, done: `${to} is active.`, mayForce: true,
    async ask(isForced) {
      const answer = await command("hub/switch", isForced ? { to, force: true } : { to });
      // The hub that was asked has stood down meanwhile: perhaps for the very one that is wanted.
      const isDone = answer.code === "notActive" && await activeHub() === to;
      return isDone ? { status: "ok", message: `${to} is active: somebody else has switched already.` } : answer;
    },
  });
}

async function activeHub() {
  const state = await fetch("/api/state").then(response => response.json()).catch(() => ({}));
  return state.active?.hub;
}

/** Said where this machine does not reach the hub that is to be switched to. */
export function unreached(site, to) {
  return site.servers.some(server => server.name === to && server.reached) ? []
    : [paragraph(name(to), " is not reached from here: the site refuses this until it is back and has everything.")];
}

/** Whom a switch to that hub moves, and what it cost them last time. */
export function interrupted(site, to) {
  const moving = site.machines.filter(machine => machine.role === "client" && machine.state === "online"
    && machine.links?.following !== to);
  if (moving.length === 0) return paragraph("No client is moved.");
  const last = Math.max(0, ...moving.map(machine => machine.lastSwitch?.outageMs ?? 0));
  return paragraph(`${count(moving.length, "client is", "clients are")} without a hub for a moment: `,
    name(list(moving.map(machine => machine.name))), ".", last > 0 ? ` Their last switch took at most ${span(last)}.` : "");
}

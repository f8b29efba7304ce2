// What speaks against an operator's wish, before it is asked: as a sentence, or null. The site decides in any case.

import { viewer } from "./viewer.js";

/** To `backup/…` and `hub/switch`. */
export function objection(site) {
  const lacking = lack(3);
  if (lacking) return lacking;
  if (!site.active?.hub) return "No hub is active at this moment.";
  const active = site.servers.find(server => server.name === site.active.hub);
  if (active && !active.reached) return `${active.name} is not reached from here.`;
  if (viewer.isServer && site.active.hub !== viewer.machine) {
    return `${site.active.hub} is active: use its panel, or a client's.`;
  }
  return null;
}

/** To saving and loading the show file, whoever asks for it. */
export function showLock(site) {
  const main = site.pair?.main?.name ?? "Main";
  return site.active?.hub === main ? null
    : `${site.chip}: show files can be saved and loaded again when ${main} is the active hub.`;
}

/** To `act`, which takes this permission. */
export const lack = (level, act) => (viewer.permission >= level ? null
  : `${act ? `To ${act}` : "This"} takes permission ${level}, and ${viewer.user} has ${viewer.permission}.`);

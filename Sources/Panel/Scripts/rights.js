// What speaks against an operator's wish, before it is asked: as a sentence, or null. The site decides in any case.

import { viewer } from "./viewer.js";

/** To `backup/…` and `hub/switch`. */
export function objection(site) {
  if (viewer.permission < 3) {
    return `This takes permission 3, and ${viewer.user} has ${viewer.permission}.`;
  }
  if (!site.active?.hub) return "No hub is active at this moment.";
  const active = site.servers.find(server => server.name === site.active.hub);
  if (active && !active.reached) return `${active.name} is not reached from here.`;
  if (viewer.isServer && site.active.hub !== viewer.machine) {
    return `${site.active.hub} is active: use its panel, or a client's.`;
  }
  return null;
}

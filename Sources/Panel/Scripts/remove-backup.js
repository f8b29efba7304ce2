// Delete on the Backup's row: the switch back while it is active, the end of the pair while it is idle.

import { command } from "./commands.js";
import { ask, name, paragraph } from "./dialog.js";
import { interrupted, unreached } from "./switch-hub.js";

export function askToRemove(site) {
  const backup = site.pair.backup.name;
  const main = site.pair.main?.name ?? "Main";
  // What the operator sees now: in another epoch the command would do something else, and the site refuses it.
  const epoch = site.active.epoch;
  const isSwitchBack = site.active.hub === backup;
  ask(isSwitchBack ? {
    title: `Switch back to ${main}?`,
    body: [
      paragraph(name(backup), " is active. All clients return to ", name(main), "; the pair stays, and ", name(backup),
        " stands by again."),
      interrupted(site, main),
      ...unreached(site, main),
    ],
    verb: "Switch back", done: `${main} is active again, and ${backup} stays its Backup.`,
    ask: () => command("backup/remove", { epoch }),
  } : {
    title: `Remove ${backup}?`,
    body: [
      paragraph("The pair ends: ", name(main), " goes on alone, and ", name(backup),
        " never takes over, until a Backup server is added again."),
      paragraph("Nobody is interrupted now. If ", name(main), " is lost after that, the show stops."),
    ],
    verb: "Remove Backup server", tone: "danger", done: `${backup} is no Backup of ${main} any more.`,
    ask: () => command("backup/remove", { epoch }),
  });
}

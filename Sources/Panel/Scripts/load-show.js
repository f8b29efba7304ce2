// A show file takes the place of what everyone shows now.

import { loadShow } from "./commands.js";
import { ask, name, paragraph } from "./dialog.js";
import { count } from "./dom.js";
import { author } from "./show-list.js";
import { quoted, time } from "./texts.js";

export function askToLoad(site, show, onDone) {
  const machines = site.machines.filter(machine => machine.state === "online").length;
  ask({
    title: `Load ${quoted(show.name)}?`,
    body: [
      paragraph("The live values of the whole show are replaced by those of ", name(show.name), ", on air and as one change: ",
        `${count(machines, "machine is", "machines are")} online, and each sees it once. What the file does not hold is deleted.`),
      paragraph(`It was saved ${time(new Date(show.savedAt))} by `, name(author(show, site)),
        `, with ${count(show.items, "item", "items")}.`),
      paragraph("The present state is saved as an automatic backup first, unless a show file holds it already."),
    ],
    verb: "Load", tone: "danger", done: `${quoted(show.name)} is loaded.`,
    async ask() {
      const answer = await loadShow(show.name);
      onDone();
      return answer;
    },
  });
}

// Status > what an operator may do at once: a planned switch, the return, a drill.

import { ask, paragraph } from "./dialog.js";
import { find, isBarred, setBarred, setText } from "./dom.js";
import { askToSwitch, otherHub, switchObjection } from "./switch-hub.js";

const button = find("switch-by-hand");
const reason = find("switch-against");
let shown;

export function showByHand(site) {
  shown = site;
  const to = otherHub(site);
  setText(button, !to ? "Switch" : to === site.pair?.main?.name ? `Return to ${to}…` : `Switch to ${to}…`);
  const against = switchObjection(site);
  setText(reason, against ?? "");
  setBarred(button, against ? reason.id : null);
}

button.addEventListener("click", () => {
  if (shown && !isBarred(button)) askToSwitch(shown, otherHub(shown));
});

const drill = find("drill");

drill.addEventListener("click", () => ask({
  title: "Rehearse a failover?",
  body: [
    paragraph("A drill switches to the Backup as in an emergency, and back again, with everyone on the site."),
    paragraph("Its report says of each machine how long it was without a hub, and whether anything was lost or came twice."),
    paragraph("Clients are interrupted for a moment each time: never on air."),
  ],
  verb: "Begin the drill", against: find("drill-against").textContent,
}));

// Whether a failover would be safe now, point by point.

import { find, setData, setHidden, setText } from "./dom.js";
import { isApart } from "./switch-hub.js";

const checks = [...document.querySelectorAll("[data-check]")];
const warnings = [...document.querySelectorAll("[data-warning]")];

const check = code => checks.find(node => node.dataset.check === code);

/** What is said of one server alone, too. */
const ofOne = ["backup", "license"];
/** What only servers that see each other can know, and what only those that are paired. */
const ofLink = ["license", "keysDiffer"];
const ofPair = [...ofLink, "clientsWithoutBackup", "serverLink"];
const marks = { fulfilled: "✓", missing: "✕", unknown: "?" };
const words = { fulfilled: "Fulfilled:", missing: "Missing:", unknown: "Not known:" };

export function showReadiness(site) {
  const hasTwo = Boolean(site.pair?.backup);
  const unknown = site.missing.includes("backup") ? ofPair : isApart(site) ? ofLink : [];
  for (const node of checks) {
    const code = node.dataset.check;
    const isMissing = site.missing.includes(code);
    const state = isMissing ? "missing" : unknown.includes(code) ? "unknown" : "fulfilled";
    setData(node, "state", state);
    setText(node.querySelector(".mark"), marks[state]);
    setText(node.querySelector(".mark-word"), words[state]);
    setHidden(node, !hasTwo && !(isMissing && ofOne.includes(code)));
  }
  if (hasTwo) {
    // Two words for one cut: where the link is down, nothing more is known of the Backup.
    setHidden(check("backupUnreachable"), !site.missing.includes("backupUnreachable"));
    setHidden(check("serverLink"), site.missing.includes("backupUnreachable"));
    // Who does not reach the Backup is not known to it.
    setHidden(check("clientsWithoutBackup"), site.active?.hub === site.pair.backup.name && !site.missing.includes("clientsWithoutBackup"));
    setHidden(check("keysDiffer"), site.warnings.includes("noKeys") && !site.missing.includes("keysDiffer"));
  }
  for (const node of warnings) setHidden(node, !site.warnings.includes(node.dataset.warning));
  const word = find("readiness-word");
  setData(word, "tone", site.ready ? "good" : "warning");
  setText(word, site.ready ? "✓ A failover would be safe now" : "! A failover would not be safe now");
}

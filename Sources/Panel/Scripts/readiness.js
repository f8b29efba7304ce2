// Whether a failover would be safe now, point by point.

import { find, setData, setHidden, setText } from "./dom.js";

const checks = [...document.querySelectorAll("[data-check]")];
const warnings = [...document.querySelectorAll("[data-warning]")];

const check = code => checks.find(node => node.dataset.check === code);

export function showReadiness(site) {
  for (const node of checks) {
    const isMissing = site.missing.includes(node.dataset.check);
    setData(node, "state", isMissing ? "missing" : "fulfilled");
    setText(node.querySelector(".mark"), isMissing ? "✕" : "✓");
    setText(node.querySelector(".mark-word"), isMissing ? "Missing:" : "Fulfilled:");
  }
  // Two words for one cut: where the link is down, nothing more is known of the Backup.
  setHidden(check("backupUnreachable"), !site.missing.includes("backupUnreachable"));
  setHidden(check("serverLink"), site.missing.includes("backupUnreachable"));
  for (const node of warnings) setHidden(node, !site.warnings.includes(node.dataset.warning));
  const word = find("readiness-word");
  setData(word, "tone", site.ready ? "good" : "warning");
  setText(word, site.ready ? "✓ A failover would be safe now" : "! A failover would not be safe now");
}

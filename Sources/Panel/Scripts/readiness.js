// Whether a failover would be safe now, point by point.

import { find, setData, setHidden, setText } from "./dom.js";

const checks = [...document.querySelectorAll("[data-check]")];
const warnings = [...document.querySelectorAll("[data-warning]")];

export function showReadiness(site) {
  for (const node of checks) {
    const isMissing = site.missing.includes(node.dataset.check);
    setData(node, "state", isMissing ? "missing" : "fulfilled");
    setText(node.querySelector(".mark"), isMissing ? "✕" : "✓");
    setText(node.querySelector(".mark-word"), isMissing ? "Missing:" : "Fulfilled:");
  }
  for (const node of warnings) setHidden(node, !site.warnings.includes(node.dataset.warning));
  const word = find("readiness-word");
  setData(word, "tone", site.ready ? "good" : "warning");
  setText(word, site.ready ? "✓ A failover would be safe now" : "! A failover would not be safe now");
}

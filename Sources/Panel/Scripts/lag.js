// How far the other hub is behind, over the last two minutes that this page has seen.

import { count, find, setData, setText } from "./dom.js";

const shown = 120_000;
const samples = [];

export function noteLag(site) {
  const now = Date.now();
  samples.push({ at: now, behind: site.messagesBehind ?? 0 });
  while (samples[0].at < now - shown) samples.shift();
}

export function showLag(site) {
  const word = find("lag-word");
  const isKnown = typeof site.messagesBehind === "number";
  const isInStep = !site.missing.includes("replication");
  setText(word, isKnown && site.messagesBehind > 0 ? `${count(site.messagesBehind, "message", "messages")} behind`
    : !isInStep ? "! not in step" : isKnown ? "✓ nothing behind" : "not known");
  setData(word, "tone", isInStep && site.messagesBehind === 0 ? "good" : "warning");

  const now = Date.now();
  // Nothing behind is a line at the bottom, also beside one message that was.
  const top = Math.max(10, ...samples.map(sample => sample.behind));
  const points = samples.map(({ at, behind }) => {
    const x = 120 * (1 - (now - at) / shown);
    return `${x.toFixed(2)} ${(38 - 36 * behind / top).toFixed(2)}`;
  });
  const line = `M${points.join("L")}`;
  const start = points[0].split(" ")[0];
  document.querySelector("#lag .plot-line").setAttribute("d", `${line}L120 ${points.at(-1).split(" ")[1]}`);
  document.querySelector("#lag .plot-area").setAttribute("d", `${line}L120 ${points.at(-1).split(" ")[1]}L120 40L${start} 40Z`);
  setText(find("lag-top"), `at most ${Math.max(...samples.map(sample => sample.behind))}`);
}

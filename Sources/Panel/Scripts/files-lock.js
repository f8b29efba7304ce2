// Whether files may be pushed and pulled now, where the site says so.

import { find, setData, setHidden, setText } from "./dom.js";

const acts = { push: "pushed", pull: "pulled" };

/** Why files cannot be pushed (`push`) or pulled (`pull`) now, as a sentence; null: they can. */
export function lockOf(files, act) {
  return files[act] === "locked" ? textOf(files) : null;
}

function textOf(files) {
  const locked = Object.keys(acts).filter(act => files[act] === "locked");
  const what = locked.length === 2 ? "Files are locked" : `No file can be ${acts[locked[0]]} now`;
  return `${what}${files.reason ? `: ${files.reason}` : ""}`;
}

/** The same words on every page. */
export function showLock(node, files) {
  const isLocked = Object.keys(acts).some(act => files[act] === "locked");
  setData(node, "state", isLocked ? "locked" : "open");
  setText(node, isLocked ? `✕ ${textOf(files)}` : "✓ Files may be pushed and pulled");
}

export function showFilesLock(site) {
  setHidden(find("files-lock"), !site.files);
  if (site.files) showLock(find("files-lock"), site.files);
}

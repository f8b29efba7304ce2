// Whether files may be pushed and pulled now, where the site says so.

import { find, setData, setHidden, setText } from "./dom.js";

export function showFilesLock(site) {
  const node = find("files-lock");
  setHidden(node, !site.files);
  if (!site.files) return;
  const { push, pull, reason } = site.files;
  const isLocked = push === "locked" || pull === "locked";
  setData(node, "state", isLocked ? "locked" : "open");
  setText(node, isLocked ? `✕ Files are locked${reason ? `: ${reason}` : ""}` : "✓ Files may be pushed and pulled");
}

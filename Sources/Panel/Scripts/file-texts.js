// Files in words and addresses.

import { time } from "./texts.js";

/** Where a file's content lies, of one version or the newest one. */
export function addressOf(path, query = "") {
  return `/files/${path.split("/").map(encodeURIComponent).join("/")}${query}`;
}

export const nameOf = path => path.slice(path.lastIndexOf("/") + 1);

/** A name in the midst of a sentence: whatever directions its letters have, the sentence keeps its own. */
export const quoted = text => `\u2068${text}\u2069`;

/** In decimal units, as disks and networks are sold, and as the command line says it. */
export function bytes(number) {
  let rest = number;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (rest < 999.5) return `${unit === "B" || rest >= 99.95 ? Math.round(rest) : rest.toFixed(1)} ${unit}`;
    rest /= 1000;
  }
  return `${rest.toFixed(1)} TB`;
}

/** "version 3 by cam-1 (12:03:04)" */
export function versionText(entry) {
  return `version ${entry.version}${entry.isDeleted ? ", a deletion," : ""} by ${entry.author} (${time(new Date(entry.time))})`;
}

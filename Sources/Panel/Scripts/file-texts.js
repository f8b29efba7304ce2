// Files in words and addresses.

import { time } from "./texts.js";

/** Where a file's content lies, of one version or the newest one. */
export function addressOf(path, query = "") {
  return `/files/${path.split("/").map(encodeURIComponent).join("/")}${query}`;
}

export const nameOf = path => path.slice(path.lastIndexOf("/") + 1);

/** "version 3 by cam-1 (12:03:04)" */
export function versionText(entry) {
  return `version ${entry.version}${entry.isDeleted ? ", a deletion," : ""} by ${entry.author} (${time(new Date(entry.time))})`;
}

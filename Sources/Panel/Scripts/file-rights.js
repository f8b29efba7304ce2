// What speaks against an act with files, before it is asked: as a sentence, or null. The site decides in any case.

import { lockOf } from "./files-lock.js";
import { lack } from "./rights.js";

const levels = { see: 2, pull: 2, push: 2, delete: 3 };
let files;

export const noteFiles = site => { files = site.files; };

/** To seeing, pulling, pushing or deleting: `see`, `pull`, `push`, `delete`. */
export const objectionTo = act => missingRight(act) ?? lockOn(act);

export const missingRight = act => lack(levels[act], `${act} files`);

/** A list can be seen at any time. */
function lockOn(act) {
  if (act === "see") return null;
  if (!files) return "The site says nothing of its files.";
  return lockOf(files, act === "pull" ? "pull" : "push");
}

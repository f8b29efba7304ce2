// What speaks against an act with files, before it is asked: as a sentence, or null. The site decides in any case.

import { lockOf } from "./files-lock.js";
import { lack } from "./rights.js";

const levels = { see: 2, pull: 2, push: 2, delete: 3 };
let files;

export const noteFiles = site => { files = site.files; };

/** To seeing, pulling, pushing or deleting: `see`, `pull`, `push`, `delete`. */
export const objectionTo = act => missingRight(act) ?? lockOn(act);

export const missingRight = act => lack(levels[act], `${act} files`);

/** What the site said last need not be true any more. */
export const isKnown = () => document.body.dataset.standing === "live";
export const unknown = "Whether files may be pushed and pulled is not known at this moment";

/** A list can be seen at any time. */
function lockOn(act) {
  if (act === "see") return null;
  if (!isKnown() || !files) return `${unknown}.`;
  return lockOf(files, act === "pull" ? "pull" : "push");
}

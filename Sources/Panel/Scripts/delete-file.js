// A file is deleted, as the version that was seen: its versions stay.

import { ask, name, paragraph } from "./dialog.js";
import { addressOf, versionText } from "./file-texts.js";
import { bytes, quoted } from "./texts.js";

/** `onDone` is called once the site has deleted it. */
export function askToDelete(entry, onDone) {
  ask({
    title: "Delete this file?",
    body: [
      paragraph(name(entry.path), `, ${versionText(entry)}, ${bytes(entry.size)}`),
      paragraph("It vanishes from the list. Its versions stay on Main, as many as are kept: tick “Deleted files, too” to see them and "
        + "to download one."),
    ],
    verb: "Delete", tone: "danger", done: `${quoted(entry.path)} is deleted.`,
    ask: async () => {
      const answer = await remove(entry);
      if (answer.status === "ok") onDone();
      return answer;
    },
  });
}

async function remove(entry) {
  let response;
  try {
    response = await fetch(addressOf(entry.path), { method: "DELETE", headers: { "If-Match": `"${entry.tag}"` } });
  } catch {
    return { status: "unknown", message: "The connection was lost before an answer came. Look at the list before you try again." };
  }
  if (response.ok) return { status: "ok" };
  const answer = await response.json().catch(() => ({}));
  return { status: response.status === 504 ? "unknown" : "refused", message: answer.detail ?? `Refused (HTTP ${response.status}).` };
}

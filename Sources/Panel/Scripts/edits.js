// What an operator has changed, until both hubs have it. An edit outlives a switch, and the loss of this page's machine: it
// is held here and sent again.

const pause = 1000;
/** So long an operator is told that it is done. */
const remembered = 10_000;
const edits = new Map();
const observers = [];

/** Calls it whenever an edit begins, waits, is done or is refused. */
export const observeEdits = observer => { observers.push(observer); };
const tell = () => observers.forEach(observer => observer());

/**
 * The edit of an item, `{text, state, message, isSeen}`, where `state` is `saving`, `waiting`, `saved` or `refused`, and
 * `isSeen` says that its text has come back.
 */
export const editOf = topic => edits.get(topic);
export const forget = topic => { if (edits.delete(topic)) tell(); };

/** Sends `text` as the new value of an item that had `before` when the operator began. */
export function save(topic, text, before) {
  const edit = { text, before, state: "saving", message: "Saving…" };
  edits.set(topic, edit);
  tell();
  send(topic, edit);
}

/** Somebody's value came: where an edit still waits to be sent again, it must not overwrite what its author has not seen. */
export function noteValue(topic, text) {
  const edit = edits.get(topic);
  if (!edit) return;
  if (text === edit.text) edit.isSeen = true;
  else if (edit.state === "saved" && edit.isSeen) forget(topic);
  else if (edit.isUnsure && text !== edit.before) {
    clearTimeout(edit.retry);
    settle(edit, "refused", `Somebody else wrote ${JSON.stringify(text)} meanwhile. Save yours again if it shall count.`);
  }
}

async function send(topic, edit) {
  // A switch takes less than a person notices: what takes longer is said.
  const slow = setTimeout(() => settle(edit, "waiting", "Waits for a hub; not lost…"), 400);
  let response;
  try {
    response = await fetch(`/api/show/${topic.split("/").slice(1).map(encodeURIComponent).join("/")}`, {
      method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: edit.text }),
    });
  } catch {
    response = null;
  }
  clearTimeout(slow);
  // The operator has changed it once more.
  if (edits.get(topic) !== edit || edit.state === "refused") return;
  if (response?.ok) {
    settle(edit, "saved", "Saved");
    return setTimeout(() => { if (edits.get(topic) === edit) forget(topic); }, remembered);
  }
  const answer = await response?.json().catch(() => ({}));
  if (response && response.status < 500) return settle(edit, "refused", answer.detail ?? "Refused.");
  // Nobody knows whether it arrived, or no hub was there.
  edit.isUnsure = true;
  settle(edit, "waiting", response ? "Waits for a hub; not lost, tried again…" : "Waits for this machine; not lost, tried again…");
  edit.retry = setTimeout(() => send(topic, edit), pause);
}

function settle(edit, state, message) {
  Object.assign(edit, { state, message });
  tell();
}

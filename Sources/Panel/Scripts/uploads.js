// Files on their way to the site: a few at once, each until it has an outcome.

import { isKnown, objectionTo } from "./file-rights.js";
import { addressOf, versionText } from "./file-texts.js";
import { viewer } from "./viewer.js";

const mostAtOnce = 3;
const underWay = ["sending", "storing"];
let uploads = [];
let numbers = 0;
const observers = [];

/** Calls it whenever an upload has got on; `onAccepted` after each one that the site has now. */
export const observeUploads = (onChange, onAccepted) => { observers.push({ onChange, onAccepted }); };
const tell = () => observers.forEach(observer => observer.onChange());

/**
 * All uploads of this page, oldest first: `{number, path, file, state, sent, message, found}`, where `state` is `waiting`, `sending`,
 * `storing` (all was sent), `done`, `conflict`, `locked`, `lost`, `refused` or `cancelled`.
 */
export const allUploads = () => uploads;

/** Pushes `file` as the next version of `path`, as long as its newest version is the one with the tag `over`; null: there is none. */
export function push(files) {
  for (const { path, file, over } of files) {
    numbers += 1;
    uploads.push({ number: numbers, path, file, over, state: "waiting", sent: 0, message: "Waits for its turn" });
  }
  next();
  tell();
}

export function cancel(upload) {
  if (upload.request) return upload.request.abort();
  settle(upload, "cancelled", "Cancelled; nothing was changed");
}

export function tryAgain(upload) {
  Object.assign(upload, { state: "waiting", sent: 0, message: "Waits for its turn" });
  next();
  tell();
}

/** Over what somebody else has pushed meanwhile. */
export function insist(upload) {
  upload.over = upload.found && !upload.found.isDeleted ? upload.found.tag : null;
  tryAgain(upload);
}

export function dismiss(upload) {
  uploads = uploads.filter(other => other !== upload);
  tell();
}

export function dismissDone() {
  uploads = uploads.filter(upload => !["done", "cancelled"].includes(upload.state));
  tell();
}

function next() {
  let free = mostAtOnce - uploads.filter(upload => underWay.includes(upload.state)).length;
  for (const upload of uploads) {
    if (free <= 0) return;
    if (upload.state !== "waiting") continue;
    send(upload);
    free -= 1;
  }
}

/** Only so is there something to be seen of a large file while it is sent. */
function send(upload) {
  const request = new XMLHttpRequest();
  Object.assign(upload, { request, state: "sending", message: "Sending…" });
  request.open("PUT", addressOf(upload.path));
  if (upload.over) request.setRequestHeader("If-Match", `"${upload.over}"`);
  else request.setRequestHeader("If-None-Match", "*");
  request.upload.addEventListener("progress", event => {
    upload.sent = event.loaded;
    tell();
  });
  request.upload.addEventListener("load", () => {
    Object.assign(upload, { sent: upload.file.size, state: "storing", message: "Sent; is being stored…" });
    tell();
  });
  request.addEventListener("load", () => answered(upload, request));
  request.addEventListener("abort", () => settle(upload, "cancelled", upload.state === "storing"
    ? "Cancelled when all was sent: the list says whether it was stored" : "Cancelled; nothing was changed"));
  request.addEventListener("error", () => lost(upload));
  request.send(upload.file);
}

function lost(upload) {
  const against = objectionTo("push");
  // Once all of it was sent, it may have been stored.
  upload.isUnsure ||= upload.state === "storing";
  if (against && isKnown() && !upload.isUnsure) return settle(upload, "locked", against);
  settle(upload, "lost",
    `The connection to ${viewer.machine} was lost, or the file was changed here meanwhile. Try again; if it was stored all the same, that is said.`);
}

function answered(upload, request) {
  const answer = parsed(request.responseText);
  switch (request.status) {
    case 200:
    case 201:
      settle(upload, "done", `Stored as version ${answer.version}`);
      return observers.forEach(observer => observer.onAccepted());
    case 412: {
      upload.found = answer.found;
      const newest = answer.found ? `The newest is ${versionText(answer.found)}.` : "There is none any more.";
      const seen = answer.expected ? `You saw ${versionText(answer.expected)}.`
        : upload.over ? "You saw another one, which is not kept any more." : "You saw none.";
      const isPerhapsOwn = upload.isUnsure && answer.found?.author === viewer.user && answer.found.size === upload.file.size;
      return settle(upload, "conflict", isPerhapsOwn
        ? `It is there, perhaps from the try before, whose answer was lost: ${versionText(answer.found)}.`
        : `Somebody else was faster. ${newest} ${seen}`);
    }
    case 423: return settle(upload, "locked", answer.detail);
    // Between this machine and Main.
    case 502:
    case 503: return settle(upload, "lost", answer.detail ?? "Main does not answer.");
    case 504:
      upload.isUnsure = true;
      return settle(upload, "lost", answer.detail);
    default: return settle(upload, "refused", answer.detail ?? `Refused (HTTP ${request.status}).`);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function settle(upload, state, message) {
  delete upload.request;
  Object.assign(upload, { state, message });
  next();
  tell();
}

// What is under way would be lost.
addEventListener("beforeunload", event => {
  if (uploads.some(upload => upload.state === "waiting" || underWay.includes(upload.state))) event.preventDefault();
});

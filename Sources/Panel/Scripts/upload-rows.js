// What is being pushed from this page, and what became of it.

import { count, find, keep, make, setData, setHidden, setText } from "./dom.js";
import { objectionTo } from "./file-rights.js";
import { bytes } from "./texts.js";
import { allUploads, cancel, dismiss, dismissDone, insist, tryAgain } from "./uploads.js";

const mostRows = 100;
const signs = {
  waiting: "…", sending: "◐", storing: "◐", done: "✓", conflict: "!", locked: "✕", lost: "✕", refused: "✕", cancelled: "○",
};
/** What takes somebody's decision stands first, then what is under way, and the newest of what is done. */
const order = { conflict: 0, locked: 0, lost: 0, refused: 0, sending: 1, storing: 1, waiting: 2, cancelled: 3, done: 3 };
const isDone = upload => order[upload.state] === 3;
const unfinished = ["waiting", "sending", "storing"];

find("uploads-clear").addEventListener("click", dismissDone);

export function showUploads() {
  const uploads = allUploads();
  setHidden(find("uploads"), uploads.length === 0);
  if (uploads.length === 0) return;
  const shown = [...uploads].sort((one, other) => order[one.state] - order[other.state]
    || (isDone(one) ? other.number - one.number : one.number - other.number)).slice(0, mostRows);
  keep(find("upload-rows"), shown, upload => upload.number, create, update);
  setText(find("uploads-more"), uploads.length > shown.length
    ? `${count(uploads.length - shown.length, "more is", "more are")} not shown here.` : "");
  setText(find("uploads-word"), summary(uploads));
  setHidden(find("uploads-clear"), !uploads.some(isDone));
}

function summary(uploads) {
  const number = states => uploads.filter(upload => states.includes(upload.state)).length;
  const failed = number(["conflict", "locked", "lost", "refused"]);
  return `${number(["done"])} of ${count(uploads.length, "file", "files")} stored${failed ? `, ${failed} not` : ""}`;
}

function create(upload) {
  const node = make("li", { class: "upload" });
  node.bar = make("progress", { max: String(Math.max(1, upload.file.size)), "aria-label": `How much of ${upload.path} was sent` });
  node.message = make("p", { class: "upload-message" });
  node.size = make("span", { class: "upload-size" });
  node.actions = make("p", { class: "upload-actions" });
  node.append(make("p", { class: "upload-name" }, make("bdi", {}, upload.path), " ", node.size), node.bar, node.message, node.actions);
  return node;
}

function update(node, upload) {
  const isUnfinished = unfinished.includes(upload.state);
  setData(node, "state", upload.state);
  setHidden(node.bar, !isUnfinished);
  if (node.bar.value !== upload.sent) node.bar.value = upload.sent;
  const size = upload.file.size;
  setText(node.size, isUnfinished && upload.sent > 0 && upload.sent < size ? `${bytes(upload.sent)} of ${bytes(size)}` : bytes(size));
  setText(node.message, `${signs[upload.state]} ${messageOf(upload)}`);
  showActions(node.actions, upload);
}

/** What locks files changes while they are locked, and ends by itself. */
function messageOf(upload) {
  if (upload.state !== "locked") return upload.message;
  return objectionTo("push") ?? "It was not pushed: files were locked. They are open again.";
}

function showActions(parent, upload) {
  const against = objectionTo("push");
  keep(parent, actionsOf(upload), action => action.text, action => {
    const button = make("button", { type: "button", class: "plain small", "aria-label": `${action.text}: ${upload.path}` }, action.text);
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") action.act(upload);
    });
    return button;
  }, (button, action) => {
    const isDisabled = Boolean(action.takesAnOpenSite && against);
    if (button.getAttribute("aria-disabled") === String(isDisabled)) return;
    button.setAttribute("aria-disabled", String(isDisabled));
    if (isDisabled) button.setAttribute("aria-describedby", "files-state");
    else button.removeAttribute("aria-describedby");
  });
}

function actionsOf(upload) {
  if (unfinished.includes(upload.state)) return [{ text: "Cancel", act: cancel }];
  if (upload.state === "done") return [];
  const again = upload.state === "conflict"
    ? { text: "Push it all the same", act: insist, takesAnOpenSite: true }
    : { text: "Try again", act: tryAgain, takesAnOpenSite: true };
  return [again, { text: "Dismiss", act: dismiss }];
}

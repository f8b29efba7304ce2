// Files: what lies on Main, kept up to date while the page is seen.

import { count, find, keep, make, setData, setHidden, setText } from "./dom.js";
import { askToDelete } from "./delete-file.js";
import { followListing, listing, look } from "./file-listing.js";
import { isKnown, missingRight, noteFiles, objectionTo, unknown } from "./file-rights.js";
import { downloadLink, pointTo, showDownload, shownPath, showVersions, showVersionsOf } from "./file-versions.js";
import { showLock } from "./files-lock.js";
import "./push-files.js";
import { bytes, time } from "./texts.js";
import { showUploads } from "./upload-rows.js";
import { observeUploads } from "./uploads.js";
import { viewer } from "./viewer.js";

/** More are no list that a person reads. */
const mostRows = 500;
/** What the Backup's browser could show of Main's files would be those of another address. */
const isElsewhere = viewer.role === "backup";
const search = find("files-search");
const withDeleted = find("files-deleted");
let isSeen = false;
let site;
/** Sorted by path: all of them, and those that are not deleted. */
let all = [];
let living = [];
let isDue = false;
/** What the rows were made of. */
let shown;

/** Follows the list for as long as the page is seen. */
export function followFiles(name) {
  isSeen = name === "files";
  followListing(isSeen && !isElsewhere && !missingRight("see") ? changed : null);
  if (isSeen) show();
}

export function showFiles(newest) {
  site = newest;
  noteFiles(site);
  show();
}

function changed() {
  all = [...listing().files.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
  living = all.filter(entry => !entry.isDeleted);
  shown = null;
  due();
}

/** Once for each picture that the screen shows. */
function due() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(show);
}

search.addEventListener("input", due);
withDeleted.addEventListener("change", due);
observeUploads(due, look);

function show() {
  isDue = false;
  if (!isSeen) return;
  showState(find("files-state"));
  const right = missingRight("see");
  setText(find("files-against"), right ?? missingRight("delete") ?? "");
  setHidden(find("files-parts"), isElsewhere || Boolean(right));
  for (const label of [search.parentNode, withDeleted.parentNode]) setHidden(label, isElsewhere || Boolean(right));
  showElsewhere();
  if (isElsewhere || right) return;
  const against = objectionTo("push");
  for (const button of [find("push-files"), find("push-tree")]) {
    setDisabled(button, against, "files-state");
  }
  showUploads();
  showAge();
  showRows();
  if (shownPath() !== null) showVersions(listing().files.get(shownPath()));
}

function showState(node) {
  if (isKnown() && site?.files) return showLock(node, site.files);
  setData(node, "state", "unknown");
  setText(node, `? ${unknown}`);
}

function showElsewhere() {
  const node = find("files-elsewhere");
  setHidden(node, !isElsewhere);
  if (!isElsewhere) return;
  const address = site?.files?.url?.match(/^https?:\/\/.*(?=files\/$)/)?.[0];
  const main = site?.pair?.main?.name ?? "the Main server";
  const wanted = `${main} ${address}`;
  if (node.dataset.shown === wanted) return;
  node.dataset.shown = wanted;
  node.replaceChildren(`Files lie on ${main}, and this is the panel of ${viewer.machine}. `,
    ...(address ? ["See ", make("a", { href: `${address}#files` }, `the files on ${main}'s panel`), ", or use the panel of a client."]
      : ["Use the panel of a client."]));
}

function showAge() {
  const { problem, readAt } = listing();
  setHidden(find("files-old"), !problem || !readAt);
  if (problem && readAt) setText(find("files-old"), `! The list below is from ${time(readAt)}. ${problem}`);
}

function showRows() {
  const { problem, readAt } = listing();
  const wanted = search.value.trim().toLowerCase();
  const against = { pull: objectionTo("pull"), delete: objectionTo("delete") };
  // Most documents of the site change nothing here.
  const basis = JSON.stringify([wanted, withDeleted.checked, against, problem, readAt !== null]);
  if (shown === basis) return;
  shown = basis;
  const found = (withDeleted.checked ? all : living).filter(entry => entry.path.toLowerCase().includes(wanted));
  keep(find("file-rows"), found.slice(0, mostRows), entry => entry.path, create, (row, entry) => update(row, entry, against));
  setText(find("files-word"), readAt ? `${count(living.length, "file", "files")}, ${bytes(sum(living))}`
    + (wanted === "" ? "" : `; ${found.length} found, ${bytes(sum(found))}`) : "");
  setText(find("files-more"), found.length > mostRows
    ? `${count(found.length - mostRows, "more file is", "more files are")} not shown. Search for a part of a path to find them.` : "");
  setHidden(find("files-empty"), found.length > 0);
  setText(find("files-empty"), !readAt ? problem ?? "The list was not read yet."
    : wanted !== "" && living.length > 0 ? "No file has such a path." : "There are no files yet.");
}

const sum = entries => entries.reduce((total, entry) => total + (entry.size ?? 0), 0);

function create(entry) {
  const row = make("tr");
  const cell = (label, content) => make("td", { "data-label": label, class: `file-${label.toLowerCase()}` }, content);
  row.version = make("span");
  row.size = make("span");
  row.author = make("bdi");
  row.time = make("time");
  row.link = downloadLink(entry);
  row.versions = make("button", { type: "button", class: "plain small", "aria-label": `Versions of ${entry.path}` }, "Versions");
  row.removal = make("button", { type: "button", class: "plain small", "aria-label": `Delete ${entry.path}` }, "Delete");
  row.append(make("th", { scope: "row" }, make("bdi", {}, entry.path)), cell("Version", row.version), cell("Size", row.size),
    cell("Author", row.author), cell("Time", row.time), make("td", { class: "actions" }, row.link, " ", row.versions, " ", row.removal));
  // The version that is seen at the moment of the click.
  row.versions.addEventListener("click", () => showVersionsOf(row.entry));
  row.removal.addEventListener("click", () => {
    if (row.removal.getAttribute("aria-disabled") !== "true") askToDelete(row.entry, look);
  });
  return row;
}

function update(row, entry, against) {
  row.entry = entry;
  setText(row.version, String(entry.version));
  setData(row, "state", entry.isDeleted ? "deleted" : "");
  setText(row.size, entry.isDeleted ? "deleted" : bytes(entry.size));
  for (const node of [row.link, row.removal]) setHidden(node, entry.isDeleted);
  setText(row.author, entry.author);
  setText(row.time, time(new Date(entry.time)));
  if (row.time.dateTime !== entry.time) Object.assign(row.time, { dateTime: entry.time, title: entry.time });
  pointTo(row.link, entry);
  showDownload(row.link, against.pull, "files-state");
  setDisabled(row.removal, against.delete, missingRight("delete") ? "files-against" : "files-state");
}

/** Not `disabled`: the reason must be reached with the keyboard as well. */
function setDisabled(button, against, reason) {
  if (button.getAttribute("aria-disabled") === String(Boolean(against)) && button.title === (against ?? "")) return;
  button.setAttribute("aria-disabled", String(Boolean(against)));
  button.title = against ?? "";
  if (against) button.setAttribute("aria-describedby", reason);
  else button.removeAttribute("aria-describedby");
}

// The versions of one file that are kept, the newest first, each to be downloaded.

import { find, keep, make, setData, setHidden, setText } from "./dom.js";
import { objectionTo } from "./file-rights.js";
import { addressOf, nameOf } from "./file-texts.js";
import { bytes, time } from "./texts.js";

const dialog = find("versions");
let path;
let versions = [];
/** Of the newest version that was asked for. */
let sequence;
let isReading = false;
const patience = 10_000;

export function showVersionsOf(entry) {
  path = entry.path;
  versions = [];
  sequence = undefined;
  find("versions-title").replaceChildren("Versions of ", make("bdi", {}, path));
  say("One moment…");
  dialog.showModal();
  showVersions(entry);
}

/** Also while it is open: others push, and files are locked and opened. `entry` is undefined once the file is deleted. */
export function showVersions(entry) {
  if (!dialog.open) return;
  show();
  if (isReading || (entry?.sequence === sequence && versions.length > 0)) return;
  sequence = entry?.sequence;
  read(path);
}

export const shownPath = () => (dialog.open ? path : null);

async function read(wanted) {
  let answer;
  isReading = true;
  try {
    const response = await fetch(addressOf(wanted, "?versions=true"), { signal: AbortSignal.timeout(patience) });
    answer = await response.json();
    if (!response.ok) throw new Error(answer.detail);
  } catch (error) {
    const isUnanswered = error instanceof TypeError || error.name === "TimeoutError";
    if (wanted === path) say(isUnanswered ? "The versions could not be asked for: there is no connection." : error.message);
  } finally {
    isReading = false;
  }
  // Another file may be looked at by now.
  if (wanted !== path) return read(path);
  if (!answer?.versions) return;
  versions = answer.versions;
  say("");
  show();
}

function say(text) {
  setHidden(find("versions-empty"), text === "");
  setText(find("versions-empty"), text);
  if (text !== "") keep(find("version-rows"), []);
}

function show() {
  const against = objectionTo("pull");
  setText(find("versions-against"), against ?? "");
  keep(find("version-rows"), versions, version => `${path} ${version.tag}`, create, node => showDownload(node.link, against, "versions-against"));
}

function create(version) {
  const node = make("tr", {});
  const cell = (label, ...content) => make("td", { "data-label": label }, ...content);
  node.link = version.isDeleted ? null : downloadLink(version);
  node.append(make("th", { scope: "row" }, `Version ${version.version}`),
    cell("Size", version.isDeleted ? "deleted" : bytes(version.size)), cell("Author", make("bdi", {}, version.author)),
    cell("Time", make("time", { datetime: version.time, title: version.time }, time(new Date(version.time)))),
    make("td", { class: "actions" }, node.link ?? ""));
  return node;
}

/** A browser saves what lies there, whatever it is: the server says that it is to be saved, too. */
export function downloadLink(version) {
  const link = make("a", { class: "button", download: nameOf(version.path) }, "Download");
  pointTo(link, version);
  return link;
}

export function pointTo(link, version) {
  const address = addressOf(version.path, `?version=${version.version}`);
  if (link.address === address) return;
  link.address = address;
  link.setAttribute("aria-label", `Download version ${version.version} of ${version.path}`);
}

/** A link without an address cannot be followed, and says why. */
export function showDownload(link, against, reason) {
  if (!link) return;
  setData(link, "disabled", String(Boolean(against)));
  const address = against ? null : link.address;
  if (link.getAttribute("href") === address && link.hasAttribute("role") === Boolean(against)) return;
  if (address) {
    link.setAttribute("href", address);
    for (const name of ["role", "aria-disabled", "aria-describedby"]) link.removeAttribute(name);
  } else {
    link.removeAttribute("href");
    for (const [name, value] of [["role", "link"], ["aria-disabled", "true"], ["aria-describedby", reason]]) link.setAttribute(name, value);
  }
}

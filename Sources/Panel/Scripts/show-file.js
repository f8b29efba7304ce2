// Show file: what was saved of the show, under which names, and what can be done with it.

import { showAddress } from "./commands.js";
import { count, find, isBarred, keep, make, setBarred, setData, setHidden, setText } from "./dom.js";
import { askToLoad } from "./load-show.js";
import { lack, showLock } from "./rights.js";
import { offerToSave } from "./save-show.js";
import { author, followShowList } from "./show-list.js";
import { bytes as sizeOf, quoted, time } from "./texts.js";
import { viewer } from "./viewer.js";

const section = find("show-file");
const elsewhere = find("show-elsewhere");
const groups = [...section.querySelectorAll("[data-shows]")];
const isElsewhere = viewer.role === "backup";
/** Why nothing is seen here. */
const blind = lack(2, "see show files");
let site;
let list;
let heardAt;
let problem;
let follower;

/** Asks for the list for as long as its page is open. */
export function followShowFile(page) {
  const isWanted = page === section.id && !isElsewhere && !blind;
  if (isWanted && !follower) {
    follower = followShowList(answer => {
      problem = answer.problem;
      if (answer.list) {
        list = answer.list;
        heardAt = new Date();
      }
      show();
    });
  } else if (!isWanted && follower) {
    follower.end();
    follower = undefined;
  }
}

export function showShowFile(newest) {
  // Whoever waits for Main does not wait for the next question as well.
  if (site && site.active?.hub !== newest.active?.hub) look();
  site = newest;
  show();
}

const look = async () => await follower?.look() ?? {};

function show() {
  if (!site) return;
  showElsewhere();
  const lock = showLock(site) ?? problem;
  setHidden(find("show-lock"), !lock || isElsewhere || Boolean(blind));
  setText(find("show-lock"), lock ? `✕ ${lock}${problem && list ? ` What you see is from ${time(heardAt)}.` : ""}` : "");
  setHidden(find("show-present"), !list);
  setText(find("show-present"), list?.current ? `Present show: ${quoted(list.current)}` : "The present show has no name yet");
  offerToSave({ list, lock: lock ? "show-lock" : null, look });
  const against = lack(3) ?? lock;
  setText(find("show-rights"), !isElsewhere && !blind && viewer.permission < 3 ? lack(3, "load a show") : blind ?? "");
  for (const group of groups) showGroup(group, against);
}

/** On the Backup's panel. */
function showElsewhere() {
  for (const part of section.querySelectorAll("[data-main]")) setHidden(part, isElsewhere || Boolean(blind));
  setHidden(elsewhere, !isElsewhere);
  if (!isElsewhere) return;
  const main = site.pair?.main?.name ?? "Main";
  const url = panelOfMain();
  setText(elsewhere.querySelector(".name"), main);
  setText(elsewhere.querySelector("a"), `Open the panel of ${main}`);
  setHidden(elsewhere.querySelector("a"), !url);
  if (url && elsewhere.querySelector("a").href !== url) elsewhere.querySelector("a").href = url;
}

function panelOfMain() {
  const url = site.files?.url ?? "";
  return /^https?:\/\/.*\/files\/$/.test(url) ? `${url.replace(/files\/$/, "")}#${section.id}` : "";
}

function showGroup(group, against) {
  const shows = (list?.shows ?? []).filter(show => show.isAutomatic === (group.dataset.shows === "backups"));
  keep(group.querySelector("tbody"), shows, show => show.name, create, (row, show) => update(row, show, against));
  setHidden(group.querySelector("table"), shows.length === 0);
  setHidden(group.querySelector(".empty"), shows.length > 0);
  setText(group.querySelector(".empty"), list ? group.dataset.none : problem ? "Not known." : "Looking…");
  setText(group.querySelector(".word"), list ? count(shows.length, "file", "files") : "");
}

let rows = 0;

function create({ name }) {
  rows += 1;
  const [saved, by, items, bytes] = ["Saved", "By", "Items", "Size"].map(label => make("td", { "data-label": label }, make("bdi")));
  const mark = make("small", { class: "present-show", hidden: true }, "▶ present show");
  const trouble = make("p", { class: "trouble", id: `trouble-${rows}`, hidden: true });
  const load = make("button", { type: "button", class: "plain small", "aria-label": `Load ${name}` }, "Load…");
  const take = make("a", { class: "plain small", download: `${name}.show`, "aria-label": `Take away ${name}` }, "Take away");
  const row = make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, name), " ", mark, trouble), saved, by, items, bytes,
    make("td", { class: "actions" }, load, take));
  Object.assign(row, { saved, by, items, bytes, mark, trouble, load, take });
  load.addEventListener("click", () => {
    if (!isBarred(load)) askToLoad(site, row.show, look);
  });
  return row;
}

function update(row, show, against) {
  row.show = show;
  setText(row.saved.firstChild, time(new Date(show.savedAt)));
  if (row.saved.title !== show.savedAt) row.saved.title = show.savedAt;
  setText(row.by.firstChild, author(show, site));
  setText(row.items.firstChild, show.problem ? "–" : String(show.items));
  setText(row.bytes.firstChild, sizeOf(show.bytes));
  setHidden(row.mark, show.isAutomatic || show.name !== list.current);
  setHidden(row.trouble, !show.problem);
  setText(row.trouble, show.problem ? `✕ Cannot be loaded: ${show.problem}` : "");
  setData(row, "state", show.problem ? "unusable" : "usable");
  // What cannot be had now leads nowhere.
  if (problem) row.take.removeAttribute("href");
  else if (!row.take.hasAttribute("href")) row.take.href = showAddress(show.name);
  setBarred(row.load, show.problem ? row.trouble.id : !against ? null : lack(3) ? "show-rights" : "show-lock");
}

// The present state of the show is saved under a name: the one that it has, or another one.

import { saveShow } from "./commands.js";
import { ask, name, notice, paragraph } from "./dialog.js";
import { count, find, setBarred, setHidden, setText } from "./dom.js";
import { author } from "./show-list.js";
import { quoted, time } from "./texts.js";

const form = find("save-show");
const field = form.elements.name;
const button = form.querySelector("button");
const refusal = form.querySelector(".refusal");
let offer;
let isOwnName = false;
let isBusy = false;

/** `{list, lock, look}`: the show files, the id of what says why none can be saved now, and what asks for the list anew. */
export function offerToSave(newest) {
  offer = newest;
  // The operator's own word stays.
  if (!isOwnName && offer.list && field.value !== (offer.list.current ?? "")) field.value = offer.list.current ?? "";
  showState();
}

function showState() {
  setBarred(button, offer.lock);
  setText(button, isBusy ? "One moment…" : "Save");
}

function refuse(text) {
  setHidden(refusal, !text);
  setText(refusal, text ?? "");
}

field.addEventListener("input", () => {
  isOwnName = true;
  refuse(null);
});

form.addEventListener("submit", async event => {
  event.preventDefault();
  if (!offer || offer.lock || isBusy) return;
  const wanted = field.value.trim().normalize("NFC");
  // What begins with a dot is no level of an address; all else the server judges.
  if (wanted === "" || wanted.startsWith(".")) {
    refuse(form.dataset.rule);
    return field.focus();
  }
  refuse(null);
  busy(true);
  // Somebody may have saved under this name a moment ago.
  const list = (await offer.look()).list ?? offer.list;
  if (!list) {
    busy(false);
    return refuse("It is not known which show files there are, so nothing was saved. Try again when the list is here.");
  }
  const old = list.shows.find(show => show.name === wanted);
  if (!old || old.isAutomatic) await save(wanted);
  busy(false);
  if (old && !old.isAutomatic) askToSaveOver(old);
});

function busy(isNow) {
  isBusy = isNow;
  showState();
}

async function save(wanted) {
  const answer = await saveShow(wanted);
  if (answer.status !== "ok") return refuse(answer.message ?? "Refused, without a reason.");
  saved();
  notice(answer.message ?? `${quoted(wanted)} is saved.`);
}

function saved() {
  isOwnName = false;
  offer.look();
}

function askToSaveOver(old) {
  ask({
    title: `Save over ${quoted(old.name)}?`,
    body: [
      paragraph(name(old.name), ` was saved ${time(new Date(old.savedAt))} by `, name(author(old)),
        old.problem ? ", and cannot be loaded." : `, with ${count(old.items, "item", "items")}.`),
      paragraph("The present state takes its place. What was there stays as an automatic backup."),
    ],
    verb: "Save", done: `${quoted(old.name)} is saved.`,
    async ask() {
      const answer = await saveShow(old.name);
      if (answer.status === "ok") saved();
      return answer;
    },
  });
}

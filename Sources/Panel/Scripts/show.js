// Delays and Routing: each machine's values, edited in place, the same on every panel.

import { count, find, keep, make, setData, setHidden, setText } from "./dom.js";
import { editOf, forget, noteValue, observeEdits, save } from "./edits.js";
import { follow } from "./feed.js";
import { viewer } from "./viewer.js";

const kinds = ["delays", "routing"];
let told;
let page;
let site;
let unfollow;

/** Follows the show for as long as one of its pages is seen. */
export function followShow(name) {
  page = kinds.includes(name) ? name : undefined;
  if (page && !unfollow) {
    unfollow = follow("/api/show/events", document => {
      told = document;
      for (const item of told.items) noteValue(topicOf(item), item.text);
      show();
    }, () => {});
  } else if (!page && unfollow) {
    unfollow();
    unfollow = undefined;
    told = undefined;
  }
  if (page) show();
}

/** The machines of the site, for what is to be added. */
export function showSite(newest) {
  site = newest;
  if (page) showAdd(part("add"));
}

const part = name => find(page).querySelector(`[data-show=${name}]`);
const topicOf = item => `show/${item.machine}/${item.kind}/${item.item}`;
const mayEdit = machine => viewer.permission >= 3 || machine === viewer.user;

function show() {
  if (!page) return;
  const wanted = part("search").value.trim().toLowerCase();
  const all = (told?.items ?? []).filter(item => item.kind === page);
  const rows = all.filter(item => `${item.machine} ${item.item}`.toLowerCase().includes(wanted));
  keep(part("rows"), rows, topicOf, create, update);
  setHidden(part("empty"), rows.length > 0);
  setText(part("empty"), !told?.hub ? "Nothing was heard yet: no hub is reached." : all.length ? "Nothing has such a name." : "No machine has any yet.");
  setText(part("word"), told?.hub || all.length ? `${count(all.length, "item", "items")}${told?.isCut ? ", and more that are not shown" : ""}` : "");
  setText(part("rights"), viewer.permission >= 3 ? "" : `With permission ${viewer.permission}, ${viewer.user} `
    + `${viewer.permission === 1 ? "sees and edits" : "edits"} its own items only; others take permission 3.`);
  showAdd(part("add"));
}

for (const kind of kinds) {
  const section = find(kind);
  section.querySelector("[data-show=search]").addEventListener("input", show);
  section.querySelector("[data-show=add]").addEventListener("submit", add);
}
observeEdits(show);

function create(item) {
  const topic = topicOf(item);
  const input = make("input", { autocomplete: "off", spellcheck: "false", "aria-label": `${item.item} of ${item.machine}` });
  const state = make("span", { class: "edit-state", role: "status" });
  const erase = make("button", { type: "button", class: "plain small" }, "Delete");
  const row = make("tr", {},
    make("th", { scope: "row" }, make("bdi", {}, item.machine)), make("td", { "data-label": "Item" }, make("bdi", {}, item.item)),
    make("td", { "data-label": "Value", class: "value-cell" }, input), make("td", { class: "actions" }, state, erase));
  Object.assign(row, { input, state, erase, value: item.text });
  // Whose turn it is to say what stands there: the operator's while they type, everyone's else.
  const commit = () => { if (!input.readOnly && input.value !== row.value) save(topic, input.value, row.value); };
  input.addEventListener("keydown", event => {
    if (event.key === "Enter") commit();
    if (event.key !== "Escape") return;
    forget(topic);
    input.value = row.value ?? "";
  });
  input.addEventListener("change", commit);
  let isAsked = false;
  const calmDown = () => {
    isAsked = false;
    setText(erase, "Delete");
    delete erase.dataset.tone;
  };
  erase.addEventListener("blur", calmDown);
  erase.addEventListener("click", () => {
    if (!isAsked) {
      isAsked = true;
      setText(erase, "Really delete");
      return setData(erase, "tone", "danger");
    }
    calmDown();
    save(topic, "", row.value);
  });
  return row;
}

function update(row, item) {
  const edit = editOf(topicOf(item));
  const isText = typeof item.text === "string";
  const isTyping = document.activeElement === row.input && row.input.value !== (row.value ?? "") && !edit;
  row.value = item.text;
  const isOwn = edit && !(edit.state === "saved" && edit.isSeen);
  const shown = isOwn ? edit.text : isText ? item.text : `${item.size} bytes that are no short text`;
  if (!isTyping && row.input.value !== shown) row.input.value = shown;
  const isFixed = !isText || !mayEdit(item.machine);
  if (row.input.readOnly !== isFixed) row.input.readOnly = isFixed;
  setHidden(row.erase, !mayEdit(item.machine));
  setData(row, "edit", edit?.state ?? "");
  setText(row.state, edit ? { saving: "…", waiting: "◐", saved: "✓", refused: "✕" }[edit.state] + " " + edit.message : "");
}

function showAdd(form) {
  const names = (site?.machines ?? []).map(machine => machine.name).filter(mayEdit);
  setHidden(form, names.length === 0);
  keep(form.elements.machine, names, name => name, name => make("option", { value: name }, name));
  // What is not in the table yet says here how its saving goes.
  const added = form.dataset.topic && editOf(form.dataset.topic);
  const isListed = told?.items.some(item => topicOf(item) === form.dataset.topic);
  const note = form.querySelector(".adding");
  const isShown = added && !isListed && added.state !== "saved" && added.state !== "saving";
  setHidden(note, !isShown);
  if (!isShown) return;
  note.className = `adding ${added.state === "refused" ? "refusal" : "progress"}`;
  setText(note, `${form.dataset.topic}: ${added.message}`);
}

function add(event) {
  event.preventDefault();
  const form = event.target;
  const { machine, path, text } = form.elements;
  const name = path.value.trim().replace(/^\/+|\/+$/g, "");
  if (name === "" || text.value === "") {
    (name === "" ? path : text).focus();
    return;
  }
  const topic = `show/${machine.value}/${page}/${name}`;
  form.dataset.topic = topic;
  save(topic, text.value, undefined);
  path.value = "";
  text.value = "";
  path.focus();
}

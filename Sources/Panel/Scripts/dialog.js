// A question before anything happens that cannot be taken back at once.

import { find, isBarred, make, setBarred, setHidden, setText } from "./dom.js";

const dialog = find("question");
const act = find("question-act");
const refusal = find("question-refusal");
const against = find("question-against");
const force = find("question-force");
const isForced = force.querySelector("input");
let asked;

/**
 * Asks, and does it where the operator agrees.
 *
 * `question` has a `title`, a `body` of elements, the word on the button (`verb`), a `tone` (`danger` or none), what is said when
 * it is `done` (or nothing) where the site says nothing of its own, and `ask(isForced)`, which gives the command. A refusal is
 * shown, and the question stays. What is `against` it, if anything, bars it.
 */
export function ask(question) {
  // What somebody is about to agree to does not become another question.
  if (dialog.open) return notice(`Answer the open question first, then do this again: ${question.title}`, "bad");
  asked = question;
  setText(find("question-title"), question.title);
  find("question-body").replaceChildren(...question.body);
  setText(act, question.verb);
  act.dataset.tone = question.tone ?? "";
  setHidden(refusal, true);
  setHidden(force, true);
  setHidden(against, !question.against);
  setText(against, question.against ?? "");
  setBarred(act, question.against ? against.id : null);
  isForced.checked = false;
  busy(false);
  dialog.showModal();
  // The safe answer is the one at hand.
  find("question-cancel").focus();
}

function busy(isBusy) {
  act.disabled = isBusy;
  dialog.setAttribute("aria-busy", String(isBusy));
  setText(act, isBusy ? "One moment…" : asked.verb);
}

find("question-cancel").addEventListener("click", () => dialog.close());

dialog.querySelector("form").addEventListener("submit", async event => {
  event.preventDefault();
  if (isBarred(act)) return;
  const question = asked;
  setHidden(refusal, true);
  busy(true);
  const answer = await question.ask(isForced.checked);
  const done = answer.message ?? question.done;
  if (answer.status === "ok" && done) notice(done);
  // Another question may be open by now.
  if (asked !== question || !dialog.open) {
    if (answer.status !== "ok") notice(answer.message ?? "Refused.", "bad");
    return;
  }
  busy(false);
  if (answer.status === "ok") return dialog.close();
  setText(refusal, answer.message ?? "Refused, without a reason.");
  setHidden(refusal, false);
  setHidden(force, !(question.mayForce && answer.code === "notSafe"));
});

/** Says something once, at the edge of the page. */
export function notice(text, tone = "good") {
  const node = make("p", { class: "notice", "data-tone": tone }, `${tone === "good" ? "✓" : "✕"} ${text}`);
  find("notices").append(node);
  setTimeout(() => node.remove(), 8000);
}

export const paragraph = (...content) => make("p", {}, ...content);
export const name = text => make("bdi", { class: "name" }, text);

// The list of show files: asked for again and again for as long as somebody looks at it.

import { viewer } from "./viewer.js";

const pause = 2000;
const patience = 5000;

/**
 * Calls `onAnswer` with each `{list}`, or with `{problem}`, a sentence, where there was none. Returns `look`, which asks at
 * once and returns that answer, and `end`.
 */
export function followShowList(onAnswer) {
  let timer;
  let questions = 0;
  let isEnded = false;

  async function look() {
    clearTimeout(timer);
    questions += 1;
    const number = questions;
    const answer = await ask();
    // Only the newest answer counts.
    if (isEnded || number !== questions) return answer;
    onAnswer(answer);
    if (!document.hidden) timer = setTimeout(look, pause);
    return answer;
  }

  function wake() {
    clearTimeout(timer);
    if (!document.hidden) look();
  }

  document.addEventListener("visibilitychange", wake);
  look();
  return {
    look,
    end() {
      isEnded = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    },
  };
}

/** Who saved a show file. */
export function author(show, site) {
  if (!show.savedBy) return "somebody unknown";
  return show.isAutomatic && show.savedBy === site?.pair?.main?.name ? "Main itself" : show.savedBy;
}

async function ask() {
  try {
    const response = await fetch("/show", { signal: AbortSignal.timeout(patience) });
    const answer = await response.json();
    return response.ok ? { list: answer } : { problem: answer.detail ?? `${viewer.machine} answered ${response.status}.` };
  } catch {
    return { problem: `${viewer.machine} does not answer.` };
  }
}

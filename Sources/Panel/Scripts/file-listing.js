// The list of the site's files: read in pages, then kept up to date by asking what came since.

import { addressOf } from "./file-texts.js";

const pause = 2000;
const patience = 15_000;
const pageSize = 1000;

/** By path, the deleted ones among them. It outlives a look at another page. */
const files = new Map();
/** Up to which of the store's changes it is known; null: not at all. */
let sequence = null;
let readAt = null;
let problem = null;
let follower = null;
let timer;
let isLooking = false;
let isAgain = false;

/** `{files, readAt, problem}`: by path, the deleted ones among them; when the list was read last; why that was not now, or null. */
export const listing = () => ({ files, readAt, problem });

/** Calls `onChange` whenever the list, or how it stands, has changed: for as long as the page is seen. Null: no more. */
export function followListing(onChange) {
  const isNew = !follower && onChange;
  follower = onChange;
  if (isNew) look();
}

/** Looks at once: something is known to have changed. */
export function look() {
  clearTimeout(timer);
  if (isLooking) isAgain = true;
  else if (follower && !document.hidden) lookNow();
}

document.addEventListener("visibilitychange", look);

async function lookNow() {
  isLooking = true;
  const before = problem;
  let isNews;
  try {
    isNews = apply(await changes());
    problem = null;
    readAt = new Date();
  } catch (error) {
    problem = error.message;
  }
  isLooking = false;
  if (isNews || problem || before) follower?.();
  const isDue = isAgain;
  isAgain = false;
  timer = setTimeout(look, isDue ? 0 : pause);
}

async function changes() {
  const since = sequence;
  const found = { sequence: null, isFromTheStart: since === null, entries: [] };
  for (let after = null; ;) {
    const query = `?limit=${pageSize}&deleted=true${since === null ? "" : `&since=${since}`}`
      + (after === null ? "" : `&after=${encodeURIComponent(after)}`);
    const page = await read(addressOf("", query));
    // Another store than the one before: it begins anew.
    if (since !== null && page.sequence < since) {
      sequence = null;
      return changes();
    }
    found.sequence ??= page.sequence;
    found.entries.push(...page.files);
    if (page.isWhole || page.files.length === 0) return found;
    after = page.files.at(-1).path;
  }
}

async function read(address) {
  let response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Error("The list of files could not be asked for: there is no connection.");
  }
  const answer = await response.json().catch(() => ({}));
  // Locked: the reason stands above.
  if (response.status === 423) throw new Error("Main itself cannot be asked now.");
  if (!response.ok) throw new Error(answer.detail ?? `The list of files could not be read (HTTP ${response.status}).`);
  return answer;
}

/** Returns whether anything is new. */
function apply(found) {
  const isFirst = sequence === null || found.isFromTheStart;
  if (isFirst) files.clear();
  for (const entry of found.entries) files.set(entry.path, entry);
  sequence = found.sequence;
  return isFirst || found.entries.length > 0;
}

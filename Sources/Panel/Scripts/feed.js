// What a machine tells, over server-sent events: for as long as the page is open, over every loss of the connection.

/** A machine tells something at least once a second. */
const longestSilence = 3000;
const firstPause = 250;
const longestPause = 2000;
/** A browser has six connections for all pages of one machine: those that nobody sees must not keep others from theirs. */
const dozing = 5000;

/**
 * Calls `onDocument` with each document, `onAlive` where the last one still holds after a second, and `onStanding` whenever it changes how the page stands with its machine:
 * `live`, `unreached` (the machine reaches no hub), `silent` (connected, but nothing comes), `lost`, or `asleep` (nobody sees
 * the page), and since when nothing was heard. Returns what ends it.
 */
export function follow(address, onDocument, onStanding, onAlive = () => {}) {
  let source;
  let standing;
  let pause = firstPause;
  let heardAt = Date.now();
  let isEnded = false;
  let retry;
  let doze;

  function note(state) {
    if (standing === state) return;
    standing = state;
    onStanding({ state, heardAt: new Date(heardAt) });
  }

  function open() {
    if (isEnded) return;
    source = new EventSource(address);
    source.onmessage = event => {
      heardAt = Date.now();
      pause = firstPause;
      const document = JSON.parse(event.data);
      note("live");
      onDocument(document);
    };
    source.addEventListener("alive", () => {
      heardAt = Date.now();
      note("live");
      onAlive();
    });
    source.addEventListener("unreached", () => note("unreached"));
    // A browser itself gives up for good after an answer that is no stream, and waits too long after all else.
    source.onerror = () => {
      source.close();
      note("lost");
      retry = setTimeout(open, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, longestPause);
    };
  }

  // Also what sleeps and wakes with its computer finds out by itself.
  const watch = setInterval(() => {
    if (Date.now() - heardAt < longestSilence || ["lost", "unreached", "asleep"].includes(standing)) return;
    note("silent");
    if (Date.now() - heardAt > 3 * longestSilence) source.onerror();
  }, 500);

  function look() {
    clearTimeout(doze);
    if (document.hidden) {
      doze = setTimeout(() => {
        source.close();
        clearTimeout(retry);
        note("asleep");
      }, dozing);
    } else if (standing === "asleep") {
      pause = firstPause;
      open();
    }
  }

  document.addEventListener("visibilitychange", look);
  open();
  look();
  return () => {
    isEnded = true;
    document.removeEventListener("visibilitychange", look);
    clearTimeout(doze);
    clearInterval(watch);
    clearTimeout(retry);
    source?.close();
  };
}

// What the server wrote into the page for people to read, by code.

const texts = document.getElementById("texts").content;
const reasons = new Map([...texts.querySelectorAll("[data-reason]")].map(node => [node.dataset.reason, node.textContent]));

/** Why an epoch began. A code of a newer server is shown as it is. */
export const reason = code => reasons.get(code) ?? code;

/** The same signs as in `understudy status`: the chip's colour is never the only one. */
export function glyph(phase) {
  switch (phase) {
    case "idle": return "●";
    case "alone": return "○";
    case "switchingToBackup":
    case "switchingToMain": return "◐";
    case "active": return "▲";
    default: return "✕";
  }
}

export const upperFirst = text => text.charAt(0).toUpperCase() + text.slice(1);

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

const yearAndClock = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

/** The time of day, with the day where it is not today, and the year where it is not this one. */
export function time(date) {
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return clock.format(date);
  return (date.getFullYear() === now.getFullYear() ? dayAndClock : yearAndClock).format(date);
}

/** Of a file, in decimal units as the command line has them. */
export function bytes(number) {
  let rest = number;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (rest < (unit === "GB" ? 9999.5 : 999.5)) return `${unit === "B" || rest >= 99.95 ? Math.round(rest) : rest.toFixed(1)} ${unit}`;
    rest /= 1000;
  }
  return `${rest.toFixed(1)} TB`;
}

/** A name inside a text that is no element of its own, in whichever direction it is written (https://www.unicode.org/reports/tr9/). */
export const quoted = name => `\u2068${name}\u2069`;

export function span(milliseconds) {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Of a heart that beats each second: only what is late is worth a number. */
export function age(milliseconds) {
  if (milliseconds === undefined || milliseconds === null) return "none";
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 2) return "on time";
  return seconds < 120 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}

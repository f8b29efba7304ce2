// Puts what the machine tells into the parts of the page that are seen.

import { follow } from "./feed.js";
import { navigate } from "./navigation.js";
import { showStanding, showStatusBar } from "./status-bar.js";
import { showPicture } from "./picture.js";
import { followFiles, showFiles } from "./files.js";
import { showFilesLock } from "./files-lock.js";
import { showReadiness } from "./readiness.js";
import { noteLag, showLag } from "./lag.js";
import { noteOutages, showTimeline } from "./timeline.js";
import { showMachines } from "./machines.js";
import { showAdding } from "./add-backup.js";
import { followShow, showSite } from "./show.js";
import { followShowFile, showShowFile } from "./show-file.js";
import { showByHand } from "./by-hand.js";

const parts = {
  status: [showPicture, showFilesLock, showReadiness, showLag, showByHand, showTimeline],
  machines: [showMachines, showAdding],
  delays: [showSite],
  routing: [showSite],
  "show-file": [showShowFile],
  files: [showFiles],
};

let site;
let page;
let isDue = false;

function render() {
  isDue = false;
  if (site) measured("render", () => parts[page]?.forEach(show => show(site)));
}

/** Once for each picture that the screen shows, however much is told: and not at all while the page is not seen. */
function due() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(render);
}

/** What a change costs, for whoever observes it with a PerformanceObserver; only the newest is kept. */
function measured(name, body) {
  const start = performance.now();
  body();
  performance.clearMeasures(name);
  performance.measure(name, { start, end: performance.now() });
}

navigate(name => {
  page = name;
  followShow(name);
  followShowFile(name);
  followFiles(name);
  render();
});

follow("/api/events?changes", told => {
  measured("note", () => {
    site = told;
    showStatusBar(site);
    noteLag(site);
    noteOutages(site);
  });
  due();
}, standing => {
  showStanding(standing);
  due();
}, () => {
  noteLag(site);
  if (page === "status") due();
});

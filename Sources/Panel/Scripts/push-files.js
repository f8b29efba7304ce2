// Files are chosen or dropped to be pushed; over what is there already only when the operator has agreed.

import { ask, name, notice, paragraph } from "./dialog.js";
import { find, list, make, setData } from "./dom.js";
import { chosenFiles, droppedFiles } from "./dropped.js";
import { listing } from "./file-listing.js";
import { objectionTo } from "./file-rights.js";
import { versionText } from "./file-texts.js";
import { push } from "./uploads.js";

const page = find("files");
const mostNamed = 6;

function choose(button, input) {
  button.addEventListener("click", () => {
    const against = objectionTo("push");
    if (against) notice(against, "bad");
    else input.click();
  });
  input.addEventListener("change", () => {
    pushAll(chosenFiles(input));
    // The same ones may be chosen again.
    input.value = "";
  });
}

choose(find("push-files"), find("push-input"));
choose(find("push-tree"), find("push-tree-input"));

function pushAll(chosen) {
  const against = objectionTo("push");
  if (against) return notice(against, "bad");
  const field = find("push-folder");
  const folder = field.value.trim().replace(/^\/+|\/+$/g, "");
  // A browser would go up by itself.
  if (folder.split("/").some(part => part === "." || part === "..")) {
    notice("A folder is named from the top, without “.” and “..”.", "bad");
    return field.focus();
  }
  const known = listing().files;
  const files = chosen.map(({ path, file }) => {
    // As the site names it.
    const whole = (folder ? `${folder}/${path}` : path).toWellFormed().normalize("NFC");
    const newest = known.get(whole);
    return { path: whole, file, over: newest && !newest.isDeleted ? newest.tag : null };
  });
  const present = files.filter(file => file.over);
  push(files.filter(file => !file.over));
  if (present.length > 0) askToReplace(present, present.map(file => known.get(file.path)));
}

function askToReplace(files, entries) {
  const named = entries.slice(0, mostNamed).map(entry => make("li", {}, name(entry.path), `: ${versionText(entry)}`));
  if (entries.length > mostNamed) named.push(make("li", {}, `and ${entries.length - mostNamed} more`));
  const authors = [...new Set(entries.map(entry => entry.author))];
  ask({
    title: files.length === 1 ? "Push a new version?" : `Push ${files.length} new versions?`,
    body: [
      paragraph(`${files.length === 1 ? "This file is" : "These files are"} there already, pushed by ${list(authors)}:`),
      make("ul", { class: "present" }, ...named),
      paragraph("What you push becomes the newest version. The older ones are kept."),
    ],
    verb: "Push",
    ask: async () => {
      push(files);
      return { status: "ok" };
    },
  });
}

// Anywhere on the page; and never does a browser open what was dropped beside it.
let inside = 0;
const isSeen = () => !page.hidden && !document.querySelector("dialog[open]");
const hasFiles = event => [...event.dataTransfer?.types ?? []].includes("Files");

function over(isOver) {
  if (!isOver) inside = 0;
  setData(page, "drop", isOver ? "over" : "");
}

addEventListener("dragenter", event => {
  if (!hasFiles(event)) return;
  inside += 1;
  if (isSeen() && !objectionTo("push")) over(true);
});
addEventListener("dragleave", event => {
  if (!hasFiles(event)) return;
  inside -= 1;
  if (inside <= 0) over(false);
});
addEventListener("dragover", event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = isSeen() && !objectionTo("push") ? "copy" : "none";
});
addEventListener("drop", async event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  over(false);
  if (!isSeen()) return;
  try {
    pushAll(await droppedFiles(event.dataTransfer));
  } catch (error) {
    notice(`What was dropped could not be read: ${error.message}`, "bad");
  }
});

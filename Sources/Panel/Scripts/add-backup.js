// A Backup server is picked from those that announce themselves, or named by its address.

import { command } from "./commands.js";
import { notice } from "./dialog.js";
import { count, find, make, setHidden, setText } from "./dom.js";

const dialog = find("add-backup");
const found = find("add-found");
const custom = find("add-custom");
const address = find("add-address");
const port = find("add-port");
const act = find("add-act");
let isUnderWay = false;
let looks = 0;

export function askToAdd(site) {
  setText(find("add-main"), site.active.hub);
  refuse(null);
  showUnderWay();
  dialog.showModal();
  look(site.active.hub);
}

async function look(main) {
  looks += 1;
  const number = looks;
  found.replaceChildren(make("p", { class: "hint" }, "Looking…"));
  const answer = await fetch("/api/discovered").then(response => response.json()).catch(() => ({}));
  if (number !== looks) return;
  const servers = (answer.servers ?? []).filter(server => server.role === "backup");
  const problem = answer.error ?? (answer.servers ? null : "This machine did not answer. Try again, or give an address.");
  if (problem) return found.replaceChildren(make("p", { class: "hint" }, problem));
  if (servers.length === 0) {
    return found.replaceChildren(make("p", { class: "hint" },
      "No Backup server announces itself on this network. An address works all the same."));
  }
  found.replaceChildren(...servers.map(server => choice(server, main)));
  if (custom.checked) return;
  const first = found.querySelector("input");
  first.checked = true;
  if (document.activeElement === find("add-look")) first.focus();
}

function choice(server, main) {
  // An address of one interface of this machine means nothing to Main, which then looks the name up by itself.
  const body = server.address.includes("%") ? { machine: server.name } : { address: server.address, port: server.port };
  const isElsewhere = server.paired && server.site !== main;
  return make("label", { class: "choice" },
    make("input", { type: "radio", name: "backup", value: JSON.stringify(body) }),
    make("span", {}, make("bdi", { class: "name" }, server.name), " ",
      make("small", {}, `${server.address}:${server.port}`, isElsewhere ? `, the Backup of ${server.site}` : "")));
}

for (const input of [address, port]) input.addEventListener("input", () => { custom.checked = true; });
find("add-look").addEventListener("click", () => look(find("add-main").textContent));
find("add-cancel").addEventListener("click", () => dialog.close());

function refuse(text) {
  setHidden(find("add-refusal"), text === null);
  setText(find("add-refusal"), text === null ? "" : text);
}

function showUnderWay() {
  act.disabled = isUnderWay;
  setText(act, isUnderWay ? "Adding…" : "Add Backup server");
  setText(find("add-cancel"), isUnderWay ? "Close" : "Cancel");
  setHidden(find("add-progress"), !isUnderWay);
  if (!isUnderWay) setText(find("add-progress"), "");
}

function wish() {
  const chosen = dialog.querySelector("input[name=backup]:checked");
  if (!chosen) throw new Error("Choose a server, or give an address.");
  if (chosen !== custom) return JSON.parse(chosen.value);
  const host = address.value.trim();
  const number = Number(port.value);
  if (host === "") throw new Error("Give the address of the Backup server's hub.");
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new Error("A port is a number from 1 to 65535.");
  return { address: host, port: number };
}

dialog.querySelector("form").addEventListener("submit", async event => {
  event.preventDefault();
  let body;
  try {
    body = wish();
  } catch (error) {
    return refuse(error.message);
  }
  refuse(null);
  isUnderWay = true;
  showUnderWay();
  setText(find("add-progress"), "Asking the server to join…");
  const answer = await command("backup/add", body);
  isUnderWay = false;
  showUnderWay();
  if (answer.status === "ok") {
    notice("The Backup server has the whole show, and could take over now.");
    return dialog.close();
  }
  if (dialog.open) refuse(answer.message ?? "Refused, without a reason.");
  else notice(answer.message ?? "Refused.", "bad");
});

/** How far the one that joins has come. */
export function showAdding(site) {
  if (!isUnderWay || site.pair?.mode !== "pairing" || !site.pair.backup) return;
  const behind = site.messagesBehind ?? 0;
  setText(find("add-progress"), `${site.pair.backup.name} joins`
    + (behind > 0 ? `: ${count(behind, "message", "messages")} to copy` : "…"));
}

// SETUP > Machines: every machine of the site, and what can be done with the two servers.

import { askToAdd } from "./add-backup.js";
import { count, find, isBarred, keep, make, setBarred, setData, setHidden, setText } from "./dom.js";
import { askToRemove } from "./remove-backup.js";
import { objection } from "./rights.js";
import { askToSwitch, otherHub, switchObjection } from "./switch-hub.js";
import { age } from "./texts.js";
import { viewer } from "./viewer.js";

const search = find("machine-search");
let shown;

search.addEventListener("input", () => { if (shown) showMachines(shown); });

export function showMachines(site) {
  shown = site;
  const all = rowsOf(site);
  const wanted = search.value.trim().toLowerCase();
  const rows = all.filter(row => row.name.toLowerCase().includes(wanted));
  keep(find("machine-rows"), rows, row => row.name, create, (node, row) => update(node, row, site));
  setHidden(find("machine-empty"), rows.length > 0);
  setText(find("machine-empty"), all.length ? "No machine has such a name." : "No machine was heard yet.");
  const online = all.filter(row => row.state === "online").length;
  setText(find("machine-count"), `${online} of ${count(all.length, "machine", "machines")} online`);
}

const order = { main: 0, backup: 1, client: 2 };

/** Servers that the pair names are there, also before they were heard. */
function rowsOf(site) {
  const names = new Set(site.machines.map(machine => machine.name));
  const silent = site.servers.filter(server => !names.has(server.name)).map(server => ({ ...server, state: "unknown" }));
  return [...site.machines, ...silent].sort((one, other) => order[one.role] - order[other.role]
    || one.name.localeCompare(other.name, "en", { numeric: true }));
}

const columns = ["role", "state", "address", "licence", "follows", "heartbeat", "version", "permission"];
const labels = {
  role: "Role", state: "State", address: "Address", licence: "Licence", follows: "Follows", heartbeat: "Heartbeat",
  version: "Version", permission: "Permission",
};

function create(row) {
  const node = make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, row.name),
    row.name === viewer.machine ? make("small", { class: "here" }, "this machine") : ""));
  node.values = Object.fromEntries(columns.map(column => {
    const text = make("bdi");
    node.append(make("td", { "data-column": column, "data-label": labels[column] }, text));
    return [column, text];
  }));
  node.actions = make("td", { class: "actions" });
  node.append(node.actions);
  return node;
}

const signs = { online: "●", starting: "◐", leaving: "◐", offline: "○", lost: "✕", unknown: "?" };
const roles = { main: "Main server", backup: "Backup server", client: "Client" };

function update(node, row, site) {
  const isThere = row.state === "online" || row.state === "starting";
  setData(node, "state", row.state);
  setData(node, "role", row.role);
  const cells = node.values;
  setText(cells.role, roles[row.role] ?? row.role);
  setText(cells.state, `${signs[row.state] ?? "?"} ${row.state === "unknown" ? "never heard" : row.state}`);
  setText(cells.address, row.address || "–");
  setText(cells.licence, row.license ?? "none");
  setText(cells.follows, isThere ? row.links?.following ?? "none" : "–");
  const beat = isThere ? age(row.heartbeatAgeMs) : "–";
  setText(cells.heartbeat, beat);
  setData(cells.heartbeat.parentNode, "late", String(isThere && beat !== "on time"));
  setText(cells.version, row.version ?? "–");
  setText(cells.permission, row.permission === undefined ? "–" : String(row.permission));
  showActions(node.actions, row, site);
}

function showActions(parent, row, site) {
  const actions = row.role === "client" ? [] : actionsOf(row, site);
  const reasons = [...new Set(actions.map(action => action.against).filter(Boolean))]
    .map((reason, index) => ({ key: `against-${index}`, reason, id: `against-${index}-${row.name}` }));
  keep(parent, [...actions, ...reasons], action => action.key, action => {
    if (action.reason) return make("p", { class: "against", id: action.id });
    const button = make("button", { type: "button", class: action.class });
    // The site at the moment of the click, not at that of the button's birth.
    button.addEventListener("click", () => {
      if (!isBarred(button)) action.act(shown);
    });
    return button;
  }, (node, action) => {
    if (action.reason) return setText(node, action.reason);
    if (action.label) {
      if (node.getAttribute("aria-label") !== action.label) {
        node.setAttribute("aria-label", action.label);
        node.title = action.label;
      }
    }
    if (action.icon) { if (!node.firstChild) node.append(icon(action.icon)); } else setText(node, action.text);
    setBarred(node, reasons.find(({ reason }) => reason === action.against)?.id ?? null);
  });
}

function actionsOf(row, site) {
  const { pair, active } = site;
  const actions = [];
  const against = objection(site);
  if (row.role === "main" && !pair?.backup && (active?.hub === row.name || !active?.hub)) {
    actions.push({ key: "add", text: "Add Backup server", class: "act small", act: askToAdd, against });
  }
  if (otherHub(site) === row.name) {
    actions.push({
      key: "switch", text: `Switch to ${row.name}`, class: "plain small", act: now => askToSwitch(now, row.name),
      against: switchObjection(site),
    });
  }
  if (row.role === "backup" && pair?.backup?.name === row.name) {
    const label = active?.hub === row.name
      ? `Switch back to ${pair.main?.name ?? "Main"}` : `Remove Backup server ${row.name}`;
    actions.push({ key: "remove", icon: "delete", label, class: "icon", act: askToRemove, against });
  }
  return actions;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", { delete: "M9 3h6l1 2h4v2H4V5h4zM6 9h12l-1 12H7zM10 11v8M14 11v8" }[name]);
  svg.append(path);
  return svg;
}

// SETUP > Machines: every machine of the site, and what can be done with the two servers.

import { askToAdd } from "./add-backup.js";
import { count, find, keep, make, setData, setHidden, setText } from "./dom.js";
import { askToRemove } from "./remove-backup.js";
import { objection } from "./rights.js";
import { askToSwitch } from "./switch-hub.js";
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
  const against = actions.length ? objection(site) : null;
  keep(parent, actions.length && against ? [...actions, { key: "against", against }] : actions, action => action.key, action => {
    if (action.against) return make("p", { class: "against", id: `against-${row.name}` });
    const button = make("button", { type: "button", class: action.class });
    // The site at the moment of the click, not at that of the button's birth.
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") action.act(shown);
    });
    return button;
  }, (node, action) => {
    if (action.against) return setText(node, action.against);
    if (action.label) {
      if (node.getAttribute("aria-label") !== action.label) {
        node.setAttribute("aria-label", action.label);
        node.title = action.label;
      }
    }
    if (action.icon) { if (!node.firstChild) node.append(icon(action.icon)); } else setText(node, action.text);
    // Not `disabled`: the reason must be reached with the keyboard as well.
    if (node.getAttribute("aria-disabled") !== String(Boolean(against))) {
      node.setAttribute("aria-disabled", String(Boolean(against)));
      if (against) node.setAttribute("aria-describedby", `against-${row.name}`);
      else node.removeAttribute("aria-describedby");
    }
  });
}

function actionsOf(row, site) {
  const { pair, active } = site;
  const actions = [];
  const isNamed = site.servers.some(server => server.name === row.name);
  if (row.role === "main" && !pair?.backup && (active?.hub === row.name || !active?.hub)) {
    actions.push({ key: "add", text: "Add Backup server", class: "act small", act: askToAdd });
  }
  const mayFollow = active?.hub && active.hub !== row.name && isNamed && ["idle", "active"].includes(site.phase);
  if (mayFollow) {
    actions.push({ key: "switch", text: `Switch to ${row.name}`, class: "plain small", act: now => askToSwitch(now, row.name) });
  }
  if (row.role === "backup" && pair?.backup?.name === row.name) {
    const label = active?.hub === row.name
      ? `Switch back to ${pair.main?.name ?? "Main"}` : `Remove Backup server ${row.name}`;
    actions.push({ key: "remove", icon: "delete", label, class: "icon", act: askToRemove });
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

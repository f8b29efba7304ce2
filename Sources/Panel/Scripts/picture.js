// The two hubs and who follows which. Clients are seen to move.

import { count, find, keep, list, make, setData, setHidden, setText } from "./dom.js";

/** More are shown as dots, without their names. */
const mostNames = 40;
/** More of them do not glide. */
const mostMoving = 60;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const nodes = new Map();

export function showPicture(site) {
  const clients = site.machines.filter(machine => machine.role === "client" && machine.state !== "offline");
  const groups = { main: [], backup: [], none: [] };
  for (const client of clients) groups[placeOf(client, site)].push(client);
  const isDense = clients.length > mostNames;
  const moves = moving(groups, clients);

  showHub("main", site, groups.main, isDense);
  showHub("backup", site, groups.backup, isDense);
  setHidden(find("adrift"), groups.none.length === 0);
  place(find("adrift").querySelector(".followers"), groups.none, isDense);
  showWire(site);
  const present = new Set(clients.map(client => client.name));
  for (const name of nodes.keys()) if (!present.has(name)) nodes.delete(name);
  glide(moves);
  setText(find("picture-summary"), summary(site, groups));
}

function placeOf(client, site) {
  if (client.state === "lost") return "none";
  const followed = client.links?.following;
  if (!followed) return "none";
  if (followed === site.pair?.main?.name) return "main";
  return followed === site.pair?.backup?.name ? "backup" : "none";
}

function showHub(side, site, followers, isDense) {
  const node = find(`hub-${side}`);
  const server = site.servers.find(server => server.role === side);
  const state = stateOf(server, site);
  setData(node, "state", state);
  setText(node.querySelector(".hub-name"), server?.name ?? "none");
  setText(node.querySelector(".hub-word"), words[state]);
  setText(node.querySelector(".hub-address"), server ? `${server.address}:${server.port}` : "");
  setText(node.querySelector(".hub-count"), server ? `${count(followers.length, "client follows", "clients follow")}` : "");
  place(node.querySelector(".followers"), followers, isDense);
}

const words = {
  active: "▶ serves the show",
  standby: "● stands by",
  behind: "○ is not ready",
  unreached: "✕ not reached from here",
  none: "not there: add one under Machines",
};

function stateOf(server, site) {
  if (!server) return "none";
  if (!server.reached) return "unreached";
  if (site.active?.hub === server.name) return "active";
  return site.ready ? "standby" : "behind";
}

function showWire(site) {
  const wire = find("wire");
  const areBoth = site.servers.length === 2 && site.servers.every(server => server.reached);
  const isBroken = site.missing.includes("serverLink") || site.missing.includes("backupUnreachable") || !areBoth;
  const isBehind = !isBroken && site.missing.includes("replication");
  setData(wire, "state", site.servers.length < 2 ? "none" : isBroken ? "broken" : isBehind ? "behind" : "whole");
  setText(wire.querySelector(".wire-word"), site.servers.length < 2 ? "" : isBroken ? "✕ not linked"
    : isBehind ? "… copying" : "⇄ in step");
}

function place(parent, clients, isDense) {
  parent.classList.toggle("dense", isDense);
  keep(parent, clients, client => client.name, client => {
    const known = nodes.get(client.name);
    if (known) return known;
    const node = make("li", { class: "client" }, make("span", { class: "dot", "aria-hidden": "true" }), make("bdi"));
    nodes.set(client.name, node);
    return node;
  }, (node, client) => {
    setData(node, "state", client.state);
    setText(node.lastChild, client.name);
    if (isDense && node.title !== client.name) node.title = client.name;
  });
}

// Where each one stood, before it stands elsewhere.

function moving(groups, clients) {
  if (calm.matches || clients.length > 500) return [];
  const parents = { main: find("hub-main"), backup: find("hub-backup"), none: find("adrift") };
  const moved = Object.entries(groups).flatMap(([place, members]) => members
    .map(client => nodes.get(client.name))
    .filter(node => node?.isConnected && !parents[place].contains(node)));
  if (moved.length > mostMoving) return [];
  return moved.map(node => ({ node, before: node.getBoundingClientRect() }));
}

function glide(moves) {
  for (const { node, before } of moves) {
    const after = node.getBoundingClientRect();
    const way = `translate(${before.left - after.left}px, ${before.top - after.top}px)`;
    node.animate([{ transform: way }, { transform: "none" }], { duration: 350, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
  }
}

function summary(site, groups) {
  const hubs = site.servers.map(server => {
    const names = groups[server.role].map(client => client.name);
    return `${server.role === "main" ? "Main" : "Backup"} ${server.name} ${words[stateOf(server, site)].slice(2)}; `
      + (names.length ? `${list(names)} ${names.length === 1 ? "follows" : "follow"} it.` : "no client follows it.");
  });
  const none = groups.none.map(client => client.name);
  return [...hubs, none.length ? `On no hub: ${list(none)}.` : ""].join(" ");
}

// The few things that every part of the panel does with the page. Texts only ever become text nodes: whatever a name or a
// value holds, it is shown, not run.

export const find = id => document.getElementById(id);

/** A new element with attributes, and texts or elements inside. */
export function make(tag, attributes = {}, ...content) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...content);
  return node;
}

/** What stays as it is must cost nothing, neither layout nor a screen reader's breath. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setData(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

export function setHidden(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}

/** Bars a button for what the element `reason` says, by its id; frees it where that is null. */
export function setBarred(button, reason) {
  // Not `disabled`: the reason must be reached with the keyboard as well.
  if (button.getAttribute("aria-disabled") !== String(Boolean(reason))) button.setAttribute("aria-disabled", String(Boolean(reason)));
  if (reason === null) return button.removeAttribute("aria-describedby");
  if (button.getAttribute("aria-describedby") !== reason) button.setAttribute("aria-describedby", reason);
}

export const isBarred = button => button.getAttribute("aria-disabled") === "true";

/**
 * Makes the children of `parent` show `items`, in their order, each with a node of its own for as long as it is there.
 * `update` gets the node and the item.
 */
export function keep(parent, items, key, create, update) {
  const known = parent.keptNodes ??= new Map();
  const names = items.map(item => key(item));
  const wanted = new Set(names);
  // First what goes, so that what stays need not be moved, and keeps the focus that it may have.
  for (const [name, node] of known) {
    if (wanted.has(name)) continue;
    known.delete(name);
    // It may stand elsewhere by now.
    if (node.parentNode === parent) parent.removeChild(node);
  }
  let next = parent.firstChild;
  for (const [index, item] of items.entries()) {
    let node = known.get(names[index]);
    if (!node) {
      node = create(item);
      known.set(names[index], node);
    }
    update?.(node, item);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}

export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

/** "a, b and c", and how many more where there are too many to read. */
export function list(names, most = 6) {
  if (names.length > most) return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

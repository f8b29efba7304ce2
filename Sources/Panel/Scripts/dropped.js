// The files that were dropped, also those in folders, as `{path, file}`.

/** To be called while the drop happens: after that a browser forgets what it was. */
export function droppedFiles(transfer) {
  const items = [...transfer.items].filter(item => item.kind === "file")
    .map(item => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return Promise.all(items.filter(Boolean).map(item => (item instanceof File ? [{ path: item.name, file: item }] : within(item, ""))))
    .then(found => found.flat());
}

async function within(entry, folder) {
  const path = folder + entry.name;
  if (entry.isFile) {
    return [{ path, file: await new Promise((done, failed) => entry.file(done, failed)) }];
  }
  const found = [];
  const reader = entry.createReader();
  // It hands out some at a time, until there are none.
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return found;
    for (const child of some) found.push(...await within(child, `${path}/`));
  }
}

/** The files that were chosen with a button, those of a folder with their paths. */
export function chosenFiles(input) {
  return [...input.files].map(file => ({ path: file.webkitRelativePath || file.name, file }));
}

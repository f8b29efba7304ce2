// One page, several panels: the address's fragment names the one that is seen. None needs the server to be shown.

const pages = [...document.querySelectorAll(".page")];
const links = [...document.querySelectorAll(".navigation a")];

function wanted() {
  const name = location.hash.slice(1);
  return pages.some(page => page.id === name) ? name : "status";
}

/** Calls `onShow` with the name of the page that is seen, now and whenever it changes. */
export function navigate(onShow) {
  function show() {
    const name = wanted();
    for (const page of pages) page.hidden = page.id !== name;
    for (const link of links) {
      if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    onShow(name);
  }
  addEventListener("hashchange", () => {
    // The way past the status bar is no panel.
    if (location.hash === "#content") return;
    show();
    window.scrollTo(0, 0);
  });
  show();
}

/** What a page does by itself: unfold what a link, a search or the printer wants to see, and wake the explorers. */
"use strict";

(() => {
  const here = document.currentScript.src;

  /** Open every fold around an element, and go there. */
  function reveal(element) {
    if (!element) return;
    for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    element.querySelector(":scope > details.deeper")?.setAttribute("open", "");
    element.scrollIntoView();
  }

  const followAddress = () => reveal(location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))));

  /** Search marks its words once the page stands: what is marked inside a fold is shown, the first of them first. */
  function showMarked() {
    const marked = [...document.querySelectorAll("details .highlighted")];
    marked.forEach((mark) => { mark.closest("details").open = true; });
    if (!location.hash) document.querySelector(".highlighted")?.scrollIntoView({ block: "center" });
  }

  /** Who has no mouse scrolls a wide table, formula or listing by the arrow keys. */
  function reachable() {
    for (const box of document.querySelectorAll(".scrolls, .table-wrapper, div.math, pre")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("article details:not([open])")];
    folded.forEach((fold) => { fold.open = true; });
    document.querySelectorAll("img[loading=lazy]").forEach((image) => { image.loading = "eager"; });
  });
  window.addEventListener("afterprint", () => folded.forEach((fold) => { fold.open = false; }));

  window.addEventListener("hashchange", followAddress);
  window.addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);
  document.addEventListener("DOMContentLoaded", () => {
    followAddress();
    reachable();
    setTimeout(showMarked, 50); // behind sphinx, which marks 10 ms from now
    if (document.querySelector(".kd-explorer")) {
      // A browser lets no page that is opened as a file load modules: for it they are one plain script.
      const [src, type] = location.protocol === "file:" ? ["bundle.js", ""] : ["page.js", "module"];
      const script = { src: new URL(`../explorers/${src}`, here), type };
      document.head.append(Object.assign(document.createElement("script"), script));
    }
  });
})();

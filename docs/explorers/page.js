/**
 * The page's loader: brings every <div class="kd-explorer" data-src="….json"> to life when it comes near the window.
 * What stands in the div, the stored picture, goes once the explorer is there, and stays where it cannot be.
 */

const here = (file) => new URL(file, import.meta.url);
const NEAR = "600px";

/** The model of an anywidget without a kernel: values by name, and who wants to know when one changes. */
function modelOf(values) {
  const listeners = {};
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const listener of [...(listeners[`change:${name}`] ?? [])]) listener();
    },
    save_changes() {},
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off: (event, listener) => { listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener); },
  };
}

async function wake(place) {
  const folder = new URL(place.dataset.src, document.baseURI);
  const stored = await (await fetch(folder)).json();
  const module = await import(here(`${stored.module ?? "frames"}.js`));
  const el = document.createElement("div");
  module.default.render({ model: modelOf({ ...stored, folder }), el });
  place.replaceChildren(el);
  place.dataset.alive = "true";
}

export function start(root = document) {
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: here("page.css") }));
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        near.unobserve(target);
        wake(target).catch((error) => console.error(`${target.dataset.src}: ${error.message}`));
      }
    },
    { rootMargin: NEAR },
  );
  for (const place of root.querySelectorAll(".kd-explorer[data-src]")) near.observe(place);
}

start();

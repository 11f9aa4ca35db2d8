/**
 * The page's loader: brings every <div class="kd-explorer" data-src="….json"> to life when it comes near the window.
 * What stands in the div, the stored picture, goes once the explorer is there, and stays where it cannot be.
 */

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

async function wake(place, { here, storedAt, moduleOf }) {
  const folder = new URL(place.dataset.src, document.baseURI);
  const stored = await storedAt(folder);
  const module = await moduleOf(new URL(`${stored.module ?? "frames"}.js`, here));
  const el = document.createElement("div");
  module.default.render({ model: modelOf({ ...stored, folder }), el });
  place.replaceChildren(el);
  place.dataset.alive = "true";
}

/** Where files may be asked for; a page that lies in a folder has other ways, see bundle.py. */
const served = {
  here: import.meta.url,
  storedAt: async (address) => (await fetch(address)).json(),
  moduleOf: (address) => import(address),
};

export function start(root = document, ways = served) {
  const style = { rel: "stylesheet", href: new URL("page.css", ways.here) };
  document.head.append(Object.assign(document.createElement("link"), style));
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        near.unobserve(target);
        wake(target, ways).catch((error) => console.error(`${target.dataset.src}: ${error.message}`));
      }
    },
    { rootMargin: NEAR },
  );
  for (const place of root.querySelectorAll(".kd-explorer[data-src]")) near.observe(place);
}

/** Explorers of a page come to life when they come near the window. */

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

/**
 * Wake every <div class="kd-explorer" data-src="….json"> of a page. What stands in it, the stored picture, goes once
 * the explorer is there, and stays where it cannot be. base: the address of the folder of all modules; load(name): a
 * module; read(url): what is stored there.
 */
export function start({ base, load, read }, root = document) {
  const style = { rel: "stylesheet", href: new URL("page.css", base) };
  document.head.append(Object.assign(document.createElement("link"), style));

  async function wake(place) {
    const folder = new URL(place.dataset.src, document.baseURI);
    const stored = await read(folder);
    const module = await load(stored.module ?? "frames");
    const el = document.createElement("div");
    module.default.render({ model: modelOf({ ...stored, folder }), el });
    place.replaceChildren(el);
    place.dataset.alive = "true";
  }

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

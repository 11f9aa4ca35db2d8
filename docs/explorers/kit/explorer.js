/** An explorer in the form of an anywidget: controls, a picture that follows them, and a sentence that is read aloud. */

import { controls } from "./controls.js";
import { unpacked } from "./tensors.js";

/** The places of an explorer in `el`: {picture, sentence, note}, below its controls. */
export function frame(model, el) {
  const place = (name, attributes = {}) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    el.append(element);
    return element;
  };
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", `Explorer: ${model.get("name")}`);
  controls(model, place("div", { class: "kd-controls" }));
  return {
    picture: place("div", { class: "kd-picture", role: "img", "aria-label": model.get("alt") }),
    sentence: place("p", { class: "kd-sentence", "aria-live": "polite" }),
    note: place("p", { class: "kd-note" }),
  };
}

/**
 * The module of an explorer that computes on the page. compute(settings, data) → {numbers, sentence}, as Python has
 * them; build(picture, data) draws what stays and returns draw(numbers, settings), which draws what moves.
 */
export function explorer(compute, build) {
  return {
    render({ model, el }) {
      const data = unpacked(model.get("data"));
      const { picture, sentence, note } = frame(model, el);
      note.remove();
      const draw = build(picture, data);
      const show = () => {
        const settings = model.get("settings");
        const shown = compute(settings, data);
        draw(shown.numbers, settings);
        sentence.innerHTML = shown.sentence;
      };
      model.on("change:settings", show);
      show();
    },
  };
}

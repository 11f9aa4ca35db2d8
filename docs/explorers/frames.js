/** An explorer that was computed beforehand: a picture and a sentence for the values of each control. */

import { frame } from "./kit.js";

const ONE = "These pictures were stored with the page, with their sentences. In a running notebook the control has all its values.";
const MANY =
  "These pictures were stored with the page: one control moves at a time, the others stand where the lesson left them. " +
  "In a running notebook they all combine.";
const BACK = "One control moves at a time here: what had been moved before went back to where the lesson left it.";

export default {
  render({ model, el }) {
    const [list, frames, defaults] = [model.get("controls"), model.get("frames"), { ...model.get("settings") }];
    const { picture, sentence, note } = frame(model, el);
    const image = Object.assign(document.createElement("img"), { alt: "", className: "kd-frame" });
    [image.width, image.height] = model.get("size");
    picture.append(image);
    picture.tabIndex = 0; // on a narrow page it can be moved sideways
    note.setAttribute("role", "status");

    let before = defaults;
    const show = () => {
      const settings = model.get("settings");
      const moved = list.find(({ name }) => settings[name] !== before[name]) ?? list[0];
      const alone = { ...defaults, [moved.name]: settings[moved.name] };
      const back = list.some(({ name }) => settings[name] !== alone[name]);
      const { file, sentence: said } = frames[moved.name][moved.values.indexOf(settings[moved.name])];
      image.src = new URL(file, model.get("folder"));
      sentence.innerHTML = said;
      note.textContent = back ? BACK : list.length > 1 ? MANY : ONE;
      before = alone;
      if (back) {
        model.set("settings", alone);
        note.textContent = BACK; // the controls that went back have reported it
      }
    };
    model.on("change:settings", show);
    show();
  },
};

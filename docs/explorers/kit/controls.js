/** The controls of an explorer: each has a label, works by keyboard, and lists all values that it can have. */

let made = 0;

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

/** Put the model's controls into `el`; they set its settings, and follow them. */
export function controls(model, el) {
  for (const control of model.get("controls")) {
    const { name, label, values } = control;
    const { input, show, index } = KINDS[control.kind](control);
    input.id = `kd-control-${made++}`;
    input.dataset.control = name;
    const follow = () => show(values.indexOf(model.get("settings")[name]));
    const choose = (place) => {
      model.set("settings", { ...model.get("settings"), [name]: values[place] });
      model.save_changes();
    };
    input.addEventListener("input", () => choose(index()));
    model.on("change:settings", follow);
    const row = make("div", { className: "kd-control" }, make("label", { htmlFor: input.id, textContent: label }), input);
    if (input.readout) row.append(input.readout);
    if (control.play) row.append(player(control, () => values.indexOf(model.get("settings")[name]), choose));
    el.append(row);
    follow();
  }
}

const KINDS = {
  slider({ values, texts }) {
    const input = make("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
    input.readout = make("output", { htmlFor: "" });
    const show = (place) => {
      input.value = place;
      input.readout.textContent = texts[place];
      input.setAttribute("aria-valuetext", texts[place]);
    };
    return { input, show, index: () => Number(input.value) };
  },
  menu({ texts }) {
    const input = make("select", {}, ...texts.map((text, value) => make("option", { value, textContent: text })));
    return { input, show: (place) => { input.value = place; }, index: () => Number(input.value) };
  },
  check({ values }) {
    const input = make("input", { type: "checkbox" });
    const show = (place) => { input.checked = values[place]; };
    return { input, show, index: () => values.indexOf(input.checked) };
  },
};

/** A button that moves a slider from stop to stop, from the beginning if it stands at the end. */
function player({ play, values }, place, choose) {
  const button = make("button", { type: "button", textContent: "Play" });
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  const step = () => (place() < values.length - 1 ? choose(place() + 1) : stop());
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (place() === values.length - 1) choose(0);
    timer = setInterval(step, play);
    button.textContent = "Pause";
  });
  return button;
}

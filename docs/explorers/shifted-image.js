/** An image that is shifted, and three answers to it: its label, the teacher's soft answer, and the teacher's hard one. */

import { GREY, argmax, chart, colour, entropy, explorer, fixed, legend, paint, panels, part, percent, range, softmax } from "./kit.js";

const NAMES = ["label", "label and soft answer", "label and hard answer"];
const COLOURS = [colour.vermilion, colour.blue, colour.orange];

export function compute({ image, right, down, T, share }, { logits, farthest, labels, classes }) {
  const z = part(logits, image, down + farthest, right + farthest).values;
  const label = labels[image], told = argmax(z), soft = softmax(z, T);
  const one = (k) => classes.map((_, j) => Number(j === k));
  const mixed = (answer) => answer.map((p, k) => (1 - share) * one(label)[k] + share * p);
  const targets = [one(label), mixed(soft), mixed(one(told))];
  const agree = told === label ? "The teacher agrees with the label" : "The teacher now contradicts the label";
  const doubt = entropy(soft);
  const sentence =
    `Label ${classes[label]}; the teacher sees <b>${classes[told]}</b>, ${percent(softmax(z)[told])}. ` +
    `${agree}. Entropy of its soft answer: ${fixed(doubt, 2)} nats, of its hard one: 0.`;
  return { numbers: { targets: targets.flat(), entropy: doubt }, sentence };
}

/** The pixels moved; what comes in from outside is black. */
function moved({ values, shape: [rows, columns] }, right, down) {
  return range(rows * columns).map((i) => {
    const [row, column] = [Math.floor(i / columns) - down, (i % columns) - right];
    return row >= 0 && row < rows && column >= 0 && column < columns ? values[row * columns + column] : 0;
  });
}

export default explorer(compute, (picture, { images, classes }) => {
  const [one, two] = panels(picture, 1, 2.2);
  const K = classes.length;
  const shown = chart(one, { x: [0, 1], y: [0, 1], width: 190, height: 190, bare: true });
  const bars = chart(two, { x: [-0.6, K - 0.4], y: [0, 1.05], width: 390, height: 230, ylabel: "what the student is told", xticks: classes.map((name, k) => [k, name]), yticks: [0, 0.25, 0.5, 0.75, 1] });
  legend(two, NAMES.map((name, i) => [name, COLOURS[i]]));
  return ({ targets }, { image, right, down }) => {
    const pixels = part(images, image);
    shown.clear();
    shown.image(paint(moved(pixels, right, down), pixels.shape, GREY, { high: 255 }));
    bars.clear();
    COLOURS.forEach((colours, i) => bars.bars(range(K).map((k) => k + 0.27 * (i - 1)), targets.slice(i * K, (i + 1) * K), { width: 0.25, colours }));
  };
});

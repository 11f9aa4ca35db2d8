/** One image, and what two teachers and a student say of it, class by class; each teacher knows half of the classes. */

import { GREY, argmax, chart, colour, explorer, paint, panels, part, percent, range } from "./kit.js";

const BORDER = 5; // classes from here on are the second teacher's

export function compute({ image }, { labels, probabilities, classes }) {
  const p = Object.values(probabilities).map((all) => Array.from(part(all, image).values));
  const words = Object.keys(probabilities).map((name, i) => `${name}: ${classes[argmax(p[i])]} (${percent(Math.max(...p[i]))})`);
  return { numbers: { p: p.flat() }, sentence: `True class ${classes[labels[image]]}. ${words.join(", ")}.` };
}

export default explorer(compute, (picture, { images, probabilities, classes }) => {
  const [left, right] = panels(picture, 1, 3);
  const shown = chart(left, { x: [0, 1], y: [0, 1], width: 160, height: 160, bare: true });
  const K = classes.length, names = Object.keys(probabilities);
  const rows = names.map((ylabel, i) => chart(right, {
    x: [-0.6, K - 0.4], y: [0, 1.05], width: 380, height: 90, ylabel, yticks: [0, 1],
    xticks: classes.map((name, k) => [k, i === names.length - 1 ? name : ""]),
  }));
  const colours = range(K).map((k) => (k < BORDER ? colour.blue : colour.vermilion));
  return ({ p }, { image }) => {
    const pixels = part(images, image);
    shown.clear();
    shown.image(paint(pixels.values, pixels.shape, GREY, { high: 255 }));
    rows.forEach((row, i) => {
      row.clear();
      row.bars(range(K), p.slice(i * K, (i + 1) * K), { colours, opacity: 0.85 });
    });
  };
});

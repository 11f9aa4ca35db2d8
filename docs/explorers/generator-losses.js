/** A batch by hand: how sure the teacher is, how the classes are shared, how excited its features; three losses. */

import { SEQUENTIAL, chart, colour, explorer, fixed, general, logSoftmax, logSumExp, mean, paint, panels, range, sum } from "./kit.js";

const IMAGES = 12, CLASSES = 4;
const NAMES = ["one-hot", "activation", "entropy"];

export function compute({ height, first, strength }, { weights }) {
  const answers = range(IMAGES).map((n) => (n < first ? 0 : 1 + ((n - first) % (CLASSES - 1))));
  const logP = answers.map((k) => logSoftmax(range(CLASSES).map((j) => (j === k ? height : 0))));
  const logMean = range(CLASSES).map((k) => logSumExp(logP.map((row) => row[k])) - Math.log(IMAGES));
  const losses = [-mean(logP.map((row) => Math.max(...row))), -Math.fround(strength), sum(logMean.map((log) => Math.exp(log) * log))];
  const sentence = `Without weights: ${NAMES.map((name, i) => `${name} <b>${fixed(losses[i], 2)}</b>`).join(", ")}.`;
  const weighted = losses.map((loss, i) => weights[i] * loss);
  return { numbers: { p: logP.flat().map(Math.exp), mean: logMean.map(Math.exp), losses, weighted }, sentence };
}

export default explorer(compute, (picture, { weights }) => {
  const [left, middle, right] = panels(picture, 0.9, 1, 1.5);
  const classes = range(CLASSES).map((k) => [k, String(k)]);
  const table = chart(left, { x: [-0.5, 3.5], y: [0, 12], width: 180, height: 250, title: "probabilities", xlabel: "class", ylabel: "image", left: 24, xticks: classes, yticks: [] });
  const shares = chart(middle, { x: [-0.6, 3.6], y: [0, 1.02], width: 220, height: 250, title: "their mean", xlabel: "class", xticks: classes, yticks: [0, 0.5, 1] });
  const bars = chart(right, {
    x: [-0.6, 2.6], y: [-3.6, 2.2], width: 330, height: 250, title: "losses × weights: down is good",
    xticks: NAMES.map((name, i) => [i, `${name} × ${general(weights[i], 3)}`]), yticks: [-3, -2, -1, 0, 1, 2],
  });
  return ({ p, mean: shared, weighted }) => {
    table.clear();
    table.image(paint(p, [IMAGES, CLASSES], SEQUENTIAL));
    shares.clear();
    shares.bars(range(CLASSES), shared);
    bars.clear();
    bars.bars([0, 1, 2], weighted, { width: 0.6, colours: [colour.blue, colour.green, colour.orange] });
    bars.line([-0.6, 2.6], [0, 0], { width: 1, color: colour.muted });
    weighted.forEach((value, i) => bars.text(i, value, fixed(value, 2), { dy: value > 0 ? -4 : 14 }));
  };
});

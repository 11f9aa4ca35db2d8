/** A net with exits: how sure an exit has to be to be believed, what that costs, and how often it is right. */

import { argmax, chart, colour, explorer, legend, mean, panels, part, percent, range } from "./kit.js";

const f = Math.fround; // a probability is compared with the threshold in single precision

const cache = new WeakMap(); // of each explorer's data, what its exits say: it does not depend on the threshold

/** Of each exit, for every image how sure it is and whether it is right. */
function exits({ logits, labels }) {
  const [E, N] = logits.shape;
  return range(E).map((exit) => {
    const rows = range(N).map((n) => part(logits, exit, n).values);
    const sure = (z) => {
      const largest = Math.max(...z);
      return f(1 / z.reduce((total, value) => f(total + f(Math.exp(f(value - largest)))), 0));
    };
    return { sure: rows.map(sure), right: rows.map((z, n) => argmax(z) === labels[n]) };
  });
}

function at(threshold, data) {
  if (!cache.has(data)) cache.set(data, exits(data));
  const said = cache.get(data);
  const left = data.labels.map((_, n) => said.findIndex(({ sure }, exit) => sure[n] >= f(threshold) || exit === said.length - 1));
  return {
    cost: mean(left.map((exit) => data.costs[exit])),
    accuracy: mean(left.map((exit, n) => Number(said[exit].right[n]))),
    shares: said.map((_, exit) => left.filter((other) => other === exit).length / left.length),
  };
}

export function compute({ threshold }, data) {
  const { cost, accuracy, shares } = at(threshold, data);
  const told = shares.map((share, i) => `exit ${i + 1} <b>${percent(share)}</b>`).join(", ");
  const sentence = `Leaving at ${told}. Mean cost <b>${percent(cost / data.costs.at(-1))}</b> of all the way; accuracy <b>${percent(accuracy, 1)}</b>.`;
  return { numbers: { cost, accuracy, shares }, sentence };
}

export default explorer(compute, (picture, data) => {
  const [one, two] = panels(picture, 1.5, 1);
  const line = range(101).map((k) => at(k / 100, data));
  const alone = exits(data).map(({ right }, exit) => [data.costs[exit] / 1e3, 100 * mean(right.map(Number))]);
  const xs = line.map(({ cost }) => cost / 1e3), ys = line.map(({ accuracy }) => 100 * accuracy);
  const wide = (values, pad) => [Math.min(...values) - pad, Math.max(...values) + pad];
  const plane = chart(one, {
    x: wide([...xs, ...alone.map(([x]) => x)], 0.05 * Math.max(...xs)), y: wide([...ys, ...alone.map(([, y]) => y)], 1.5),
    width: 400, height: 250, xlabel: "thousand multiply-adds an image", ylabel: "accuracy, %",
  });
  legend(one, [["threshold", colour.blue], ["squares: one exit for all", colour.vermilion]]);
  const E = data.costs.length;
  const bars = chart(two, { x: [0.4, E + 0.6], y: [0, 1.05], width: 270, height: 250, xlabel: "exit", ylabel: "share of images", xticks: range(E).map((k) => k + 1), yticks: [0, 0.5, 1] });
  return ({ cost, accuracy, shares }) => {
    plane.clear();
    plane.line(xs, ys, { color: colour.blue });
    for (const [x, y] of alone) plane.dot(x, y, { shape: "square" });
    plane.dot(cost / 1e3, 100 * accuracy, { color: colour.blue, r: 7 });
    bars.clear();
    bars.bars(range(E).map((k) => k + 1), shares, { opacity: 0.75 });
  };
});

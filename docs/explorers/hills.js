/** The Fréchet distance of two normal distributions on a line: means and spreads. */

import { chart, colour, density, explorer, fixed, legend, linspace, panels } from "./kit.js";

const X = linspace(-4, 5, 181);

export function compute({ mean, spread }) {
  const [means, spreads] = [mean ** 2, (spread - 1) ** 2];
  const sentence =
    `Distance <b>${fixed(means + spreads, 2)}</b>: ${fixed(means, 2)} for the means and ${fixed(spreads, 2)} for the spreads.`;
  return { numbers: { made: X.map((x) => density(x, mean, spread)), means, spreads }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 2, 1);
  const hills = chart(left, { x: [-4, 5], y: [0, 1.7], width: 380, height: 220, xlabel: "feature", ylabel: "density", yticks: [0, 0.5, 1, 1.5] });
  legend(left, [["real: mean 0, spread 1", colour.muted], ["made", colour.blue]]);
  const bar = chart(right, { x: [-0.8, 0.8], y: [0, 10], width: 200, height: 230, xticks: [[0, "distance"]] });
  legend(right, [["means", colour.vermilion], ["spreads", colour.blue]]);
  const real = X.map((x) => density(x));
  return ({ made, means, spreads }) => {
    hills.clear();
    hills.line(X, real, { fill: colour.faint, color: colour.muted, width: 1.5 });
    hills.line(X, made, { fill: "#0072B233", color: colour.blue });
    bar.clear();
    bar.rect(-0.25, 0.25, 0, means, { fill: colour.vermilion });
    bar.rect(-0.25, 0.25, means, means + spreads, { fill: colour.blue });
    if (means + spreads > 10) bar.text(0, 10, `↑ ${fixed(means + spreads, 1)}`, { dy: 14, color: "#fff" });
  };
});

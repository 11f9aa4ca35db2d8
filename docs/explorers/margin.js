/** A channel after its batch norm, N(β, γ²): the negative part shaded, its mean marked; and the margin over z. */

import { chart, colour, density, explorer, fixed, general, legend, linspace, ndtr, panels } from "./kit.js";

const JUMP = 3.0902; // Φ(-z) = 0.001: beyond it the authors' code takes -3 |γ|
const FAR = 30; // standard deviations; beyond them the difference of two nearly equal numbers is replaced by its series
const [LOW, HIGH] = [-5, 6];
const GRID = linspace(LOW, HIGH, 441);

/** E[x | x < 0] for x ~ N(mu, s²) */
function margin(s, mu) {
  if (s === 0) return Math.min(mu, 0);
  const z = mu / s;
  const r = 1 / Math.max(z, FAR);
  return z < FAR ? mu - s * (density(z) / ndtr(-z)) : -s * r * (1 - 2 * r ** 2 + 10 * r ** 4 - 74 * r ** 6);
}

const authors = (s, mu) => (ndtr(-(mu / s)) <= 0.001 ? -3 * s : margin(s, mu));

export function compute({ gamma, beta }) {
  const s = Math.abs(gamma);
  const m = margin(s < 1e-9 ? 0 : s, beta);
  if (s < 1e-9) {
    const sentence = `γ = 0: the channel is constant, x = ${fixed(beta, 1)}. The margin is min(β, 0) = <b>${fixed(m, 3)}</b>.`;
    return { numbers: { m }, sentence };
  }
  const [z, theirs] = [beta / s, authors(s, beta)];
  const share = 100 * ndtr(-z);
  const jump = z >= JUMP ? ` The authors' code would take −3 |γ| = ${fixed(theirs, 3)}.` : "";
  const sentence =
    `z = ${fixed(z, 2)}: ${general(share, 3)} % of the values are negative, and their mean is <b>m = ${fixed(m, 3)}</b>.${jump}`;
  return { numbers: { m, z, share, theirs }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1.25, 1);
  const curve = chart(left, {
    x: [LOW, HIGH], y: [0, 1.05], width: 380, height: 250, yticks: [],
    title: "density of a channel", xlabel: "pre-activation x",
  });
  legend(left, [["what is negative", colour.sky], ["its mean, the margin m", colour.vermilion]]);
  const over = chart(right, { x: [-3, 6], y: [-3.6, 0.2], width: 320, height: 250, title: "m / |γ|", xlabel: "z = β / |γ|" });
  legend(right, [["the formula", colour.blue], ["the authors' code", colour.orange, "6 4"]]);
  const zs = linspace(-3, 6, 181);
  return ({ m, z }, { gamma, beta }) => {
    const s = Math.abs(gamma);
    curve.clear();
    if (z !== undefined) {
      const heights = GRID.map((x) => density(x, beta, s));
      const negative = GRID.filter((x) => x <= 0);
      curve.line([LOW, ...negative, 0], [0, ...heights.slice(0, negative.length), 0], {
        color: "none", fill: colour.sky, opacity: 0.6,
      });
      curve.line(GRID, heights);
    }
    curve.line([0, 0], [0, 2], { color: colour.muted, width: 1 });
    curve.line([m, m], [0, 0.95], { color: colour.vermilion });
    over.clear();
    over.line(zs, zs.map((value) => margin(1, value)), { color: colour.blue });
    const beyond = zs.filter((value) => value > JUMP);
    over.line(beyond, beyond.map((value) => authors(1, value)), { color: colour.orange, dash: "6 4" });
    over.line([JUMP, JUMP], [-3, margin(1, JUMP)], { color: colour.orange, dash: "2 3" });
    if (z !== undefined) over.dot(Math.min(Math.max(z, -3), 6), Math.min(Math.max(m / s, -3.6), 0.2));
  };
});

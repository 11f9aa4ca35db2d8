/** Two students look at one image of a shirt: their ways, under the pull of the label and that of each other. */

import { chart, colour, divergence, entropy, explorer, fixed, legend, logSoftmax, panels, percent, range, softmax } from "./kit.js";

const CLASSES = ["shirt", "coat", "dress"], CORNERS = [[0, 0], [1, 0], [0.5, Math.sqrt(3) / 2]];
const STARTS = [[2.4, 0, 1.2], [-0.6, 1.4, 0.4]], RATE = 0.2, MOST = 60;
const LEARN = { "both teach each other": [1, 1], "2 teaches 1": [1, 0], "1 teaches 2": [0, 1], "nobody teaches": [0, 0] };
const LOOKS = [{ color: colour.blue }, { color: colour.vermilion, dash: "7 3" }];

/** The logits of both students after each step: z ← z − rate · (label · (p − y) + weight · (p − p of the other)). */
function walk({ label, weight, who }) {
  const way = [STARTS];
  for (const _ of range(MOST)) {
    const z = way.at(-1), p = z.map((row) => softmax(row));
    const pull = (i, k) => label * (p[i][k] - (k === 0)) + weight * LEARN[who][i] * (p[i][k] - p[1 - i][k]);
    way.push(z.map((row, i) => row.map((value, k) => value - RATE * pull(i, k))));
  }
  return way;
}

export function compute(settings) {
  const { steps } = settings;
  const way = walk(settings), z = way[steps];
  const p = way.map((both) => both.map((row) => softmax(row)));
  const apart = Math.max(0, divergence(logSoftmax(z[1]), logSoftmax(z[0])));
  const entropies = p[steps].map(entropy);
  const total = z[0][0] + z[1][0];
  const sentence =
    `After ${steps} steps the students give the shirt <b>${percent(p[steps][0][0])}</b> and <b>${percent(p[steps][1][0])}</b>; ` +
    `KL(p_2 ‖ p_1) = ${fixed(apart, 3)}, entropies ${entropies.map((value) => fixed(value, 2)).join(", ")} nats. ` +
    `Sum of their logits for the shirt: <b>${fixed(total, 2)}</b>.`;
  return { numbers: { p: p.flat(2), apart, entropies, total }, sentence };
}

const inTriangle = (p) => [0, 1].map((axis) => p.reduce((place, share, k) => place + share * CORNERS[k][axis], 0));

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1, 1.15);
  const plane = chart(left, { x: [-0.14, 1.14], y: [-0.12, 1], width: 320, height: 280, bare: true });
  const curves = chart(right, { x: [0, MOST], y: [0, 1.02], width: 360, height: 258, xlabel: "steps", ylabel: "probability of the shirt", yticks: [0, 0.25, 0.5, 0.75, 1] });
  legend(right, LOOKS.map(({ color, dash }, i) => [`student ${i + 1}`, color, dash]));
  return ({ p }, { steps }) => {
    const at = (step, i) => p.slice(6 * step + 3 * i, 6 * step + 3 * i + 3);
    plane.clear();
    plane.line([0, 1, 0.5, 0], [0, 0, CORNERS[2][1], 0], { color: colour.muted, width: 1.2 });
    CORNERS.forEach((corner, k) => plane.text(...corner, CLASSES[k], { dy: k === 2 ? -8 : 18 }));
    curves.clear();
    curves.line([steps, steps], [0, 1.02], { color: colour.muted, width: 1 });
    LOOKS.forEach((look, i) => {
      const way = range(steps + 1).map((step) => inTriangle(at(step, i)));
      plane.line(way.map(([x]) => x), way.map(([, y]) => y), look);
      plane.dot(...way.at(-1), { color: look.color, r: 7 - 2 * i, shape: i ? "square" : "circle", edge: "currentColor" });
      curves.line(range(MOST + 1), range(MOST + 1).map((step) => at(step, i)[0]), look);
    });
  };
});

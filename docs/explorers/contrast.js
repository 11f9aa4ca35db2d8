/** Sixteen images on a circle as the teacher sees them, and the student's view of one: is it told from the others? */

import { chart, colour, explorer, fixed, linspace, logSigmoid, logSumExp, panels, range, sigmoid, signed, sum } from "./kit.js";

const IMAGES = 16, OWN = 3, K = IMAGES - 1;
const SMALLEST = 1e-7, PAPER = 0.07; // the loss's own; the temperature of the paper
const TURNS = range(IMAGES).map((i) => (2 * Math.PI * i) / IMAGES);
const AROUND = linspace(0, 2 * Math.PI, 361);

export function compute({ angle, temperature, factor }) {
  const turn = (angle * Math.PI) / 180;
  const usual = AROUND.slice(0, -1).map((a) => Math.cos(a) / temperature);
  const log_Z = logSumExp(usual) - Math.log(360) + Math.log(IMAGES) + Math.log(factor);
  const log_P = TURNS.map((a) => Math.cos(a - turn) / temperature - log_Z);
  const h = log_P.map((log) => sigmoid(log - Math.log(K / IMAGES)));
  const noise = Math.log(K / IMAGES + SMALLEST);
  const negatives = log_P.filter((_, k) => k !== OWN).map((log) => logSigmoid(noise - log) + Math.log(K / IMAGES) - noise);
  const loss = -(logSigmoid(log_P[OWN] - noise) + sum(negatives));
  const bound = Math.log(K) - loss;
  const sentence =
    `The loss is <b>${fixed(loss, 2)}</b>. The bound on what the two views know of each other: ln ${K} − loss = ` +
    `<b>${signed(bound, 2)}</b> nats, of ${fixed(Math.log(K), 2)} at most (the paper's τ is ${PAPER}).`;
  return { numbers: { h, loss }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1, 1.5);
  const circle = chart(left, { x: [-1.25, 1.25], y: [-1.25, 1.25], width: 270, height: 292, bare: true, title: "the teacher's memory" });
  const bars = chart(right, { x: [-0.6, IMAGES - 0.4], y: [0, 1.02], width: 400, height: 280, xlabel: "image", ylabel: "h: is it this one?", xticks: [[OWN, "its own"]], yticks: [0, 0.25, 0.5, 0.75, 1] });
  const colours = range(IMAGES).map((k) => (k === OWN ? colour.blue : colour.orange));
  return ({ h }, { angle }) => {
    const tip = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
    circle.clear();
    circle.line(AROUND.map(Math.cos), AROUND.map(Math.sin), { color: colour.faint, width: 1 });
    TURNS.forEach((turn, k) => {
      const place = [Math.cos(turn), Math.sin(turn)];
      if (k === OWN) circle.text(...place, "★", { color: colour.blue, size: 24, dy: 8 });
      else circle.dot(...place, { color: colour.orange });
    });
    circle.line([0, tip[0]], [0, tip[1]], { color: colour.vermilion, width: 3 });
    circle.dot(...tip, { r: 6 });
    bars.clear();
    bars.bars(range(IMAGES), h, { colours });
    bars.line([-0.6, IMAGES - 0.4], [0.5, 0.5], { dash: "2 3", width: 1.2, color: colour.muted });
  };
});

/** Three logits of teacher and student, and three distances with the gradients that a generator would get from them. */

import { chart, colour, divergence, explorer, fixed, legend, logSoftmax, mean, panels } from "./kit.js";

const TEACHER = [5, 1, -2], TALLEST = 8;
const WAYS = { "is less sure": [-1, 0.1, 0.9], "shifts all logits": [1, 1, 1], "mixes two classes up": [-1, 1, 0] };
const NAMES = ["l1", "log", "kl"];

const length = (vector) => Math.hypot(...vector);

export function compute({ way, distance }) {
  const student = TEACHER.map((z, k) => Math.fround(z + Math.fround(distance * Math.fround(WAYS[way][k]))));
  const apart = student.map((z, k) => z - TEACHER[k]);
  const [logS, logT] = [student, TEACHER].map((z) => logSoftmax(z));
  const l1 = mean(apart.map(Math.abs));
  const kl = Math.max(0, divergence(logT, logS)); // rounding may bring it below
  const distances = [l1, Math.log1p(l1), kl];
  const slope = length(apart.map((gap) => Math.sign(gap) / 3));
  const gradients = [slope, slope / (1 + l1), length(logS.map((log, k) => Math.exp(log) - Math.exp(logT[k])))];
  const said = NAMES.map((name, i) => `${name} <b>${fixed(distances[i], 3)}</b>`).join(", ");
  return { numbers: { student, distances, gradients }, sentence: `The student ${way} by ${fixed(distance, 1)}. The distances: ${said}.` };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1, 1);
  const logits = chart(left, {
    x: [-0.6, 2.6], y: [-TALLEST, TALLEST], width: 340, height: 240, ylabel: "logit",
    xticks: TEACHER.map((_, k) => [k, `class ${k}`]), yticks: [-8, -4, 0, 4, 8],
  });
  legend(left, [["teacher", colour.muted], ["student", colour.blue]]);
  const bars = chart(right, { x: [-0.6, 2.6], y: [0, 1.55], width: 340, height: 262, title: "length of the gradient", xticks: NAMES.map((name, i) => [i, name]), yticks: [0, 0.5, 1, 1.5] });
  return ({ student, gradients }) => {
    logits.clear();
    logits.bars([-0.2, 0.8, 1.8], TEACHER, { width: 0.36, colours: colour.muted });
    logits.bars([0.2, 1.2, 2.2], student, { width: 0.36 });
    logits.line([-0.6, 2.6], [0, 0], { width: 1 });
    bars.clear();
    bars.bars([0, 1, 2], gradients, { width: 0.6, colours: [colour.blue, colour.purple, colour.vermilion] });
    gradients.forEach((value, i) => bars.text(i, value, fixed(value, 3), { dy: -4 }));
  };
});

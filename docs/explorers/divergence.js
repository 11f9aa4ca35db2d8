/** A teacher's probability of the first of two characters, and the generalised divergence over the student's. */

import { chart, colour, divergence, explorer, fixed, legend, linspace, logSigmoid, panels } from "./kit.js";

const LOGITS = linspace(-7, 7, 141), SHARES = LOGITS.map((z) => Math.exp(logSigmoid(z)));
const ENDS = [0, 1];

/** The divergence at each logit of the student, and its slope there. */
function curve(p_t, beta) {
  const teacher = [Math.log(p_t), Math.log(1 - p_t)];
  const points = LOGITS.map((z) => {
    const student = [logSigmoid(z), logSigmoid(-z)];
    const [p, q] = student.map(Math.exp);
    if (beta === 0) return [divergence(teacher, student), p - p_t];
    const mixed = beta === 1 ? teacher : [Math.log(beta * p_t + (1 - beta) * p), Math.log(beta * (1 - p_t) + (1 - beta) * q)];
    const steep = (student[0] - mixed[0] - (student[1] - mixed[1])) * p * q;
    if (beta === 1) return [divergence(student, teacher), steep];
    return [beta * divergence(teacher, mixed) + (1 - beta) * divergence(student, mixed), (1 - beta) * steep];
  });
  return { values: points.map(([value]) => value), slopes: points.map(([, slope]) => slope) };
}

export function compute({ p_t, beta }) {
  const { values, slopes } = curve(p_t, beta);
  const ends = ENDS.map((end) => curve(p_t, end));
  const sentence =
    `Where the student gives the teacher's choice almost nothing, the divergence is <b>${fixed(values[0], 2)}</b> ` +
    `nats and its slope <b>${fixed(slopes[0], 3)}</b>.`;
  return { numbers: { values, slopes, end_values: ends.flatMap((end) => end.values), end_slopes: ends.flatMap((end) => end.slopes) }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1, 1);
  const look = { x: [0, 1], width: 340, height: 240, xlabel: "student's probability", xticks: [0, 0.25, 0.5, 0.75, 1] };
  const plots = [chart(left, { ...look, y: [0, 2], ylabel: "divergence, nats", yticks: [0, 0.5, 1, 1.5, 2] }), chart(right, { ...look, y: [-1.4, 0.8], ylabel: "slope at the student's logit", yticks: [-1, -0.5, 0, 0.5] })];
  legend(left, [["forward KL", colour.orange, "2 3"], ["reverse KL", colour.vermilion, "2 3"], ["this β", colour.blue]]);
  return ({ values, slopes, end_values, end_slopes }) => {
    [[values, end_values], [slopes, end_slopes]].forEach(([line, ends], i) => {
      plots[i].clear();
      plots[i].line([0, 1], [0, 0], { width: 1, color: colour.muted });
      plots[i].line(SHARES, ends.slice(0, LOGITS.length), { color: colour.orange, dash: "2 3" });
      plots[i].line(SHARES, ends.slice(LOGITS.length), { color: colour.vermilion, dash: "2 3" });
      plots[i].line(SHARES, line, { color: colour.blue, width: 2.5 });
    });
  };
});

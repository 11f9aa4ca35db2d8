/** A teacher that becomes surer of the label, and what is left of the two parts of the divergence. */

import { chart, colour, divergence, explorer, fixed, legend, linspace, logSoftmax, logSumExp, panels, part, range, softmax } from "./kit.js";

const ADDED = linspace(-8, 24, 33), LOWEST_TOP = 12;
const LOOKS = [{ color: colour.ink }, { color: colour.green, dash: "7 3" }, { color: colour.vermilion, dash: "8 3 2 3" }, { color: colour.purple, dash: "2 3" }];
const NAMES = ["KD, the sum", "label: TCKD", "others: (1 − p)·NCKD", "β·NCKD"];

/** The logarithms of the label's probability and of all others'. */
function labelOrNot(logits, label, T) {
  const log = logSoftmax(logits, T);
  return [log[label], logSumExp(log.filter((_, k) => k !== label))];
}

const others = (logits, label, T) => logSoftmax(logits.filter((_, k) => k !== label), T);

export function compute({ sample, added, beta }, { z_s, z_t, labels, T }) {
  const label = labels[sample];
  const [student, teacher] = [z_s, z_t].map((z) => Array.from(part(z, sample).values));
  const surer = (more) => teacher.map((z, k) => z + (k === label ? more : 0));
  const parts = (more) => ({
    p: softmax(surer(more), T)[label],
    target: T ** 2 * divergence(labelOrNot(surer(more), label, T), labelOrNot(student, label, T)),
  });
  const nckd = T ** 2 * divergence(others(teacher, label, T), others(student, label, T));
  const curves = ADDED.map(parts).map(({ p, target }) => [target + (1 - p) * nckd, target, (1 - p) * nckd, beta * nckd]);
  const { p, target } = parts(added);
  const kd = target + (1 - p) * nckd;
  const sentence =
    `p = ${fixed(p, 3)}: KD = TCKD + (1 − p)·NCKD = ${fixed(target, 2)} + ${fixed(1 - p, 3)} · ${fixed(nckd, 2)} = ` +
    `<b>${fixed(kd, 2)}</b>. DKD gives the ${teacher.length - 1} others <b>${fixed(beta * nckd, 2)}</b>, whatever p is.`;
  return { numbers: { curves: curves.flat(), bars: softmax(surer(added), T), p, target, nckd }, sentence };
}

export default explorer(compute, (picture, { z_t, labels, T }) => {
  const [left, right] = panels(picture, 1, 1.4);
  const K = z_t.shape[1];
  const bars = chart(left, { x: [-0.6, K - 0.4], y: [0, 1.02], width: 290, height: 250, xlabel: "class", ylabel: `teacher's probability, T = ${T}`, xticks: range(K), yticks: [0, 0.5, 1] });
  const place = right.appendChild(document.createElement("div"));
  legend(right, NAMES.map((name, i) => [name, LOOKS[i].color, LOOKS[i].dash]));
  let top = 0, plot;
  return ({ curves, bars: p, nckd }, { sample, added, beta }) => {
    const needed = LOWEST_TOP * 2 ** Math.ceil(Math.log2(Math.max((1.05 * beta * nckd) / LOWEST_TOP, 1)));
    if (needed !== top) {
      top = needed;
      place.replaceChildren();
      plot = chart(place, { x: [-8, 24], y: [0, top], width: 400, height: 250, xlabel: "added to the teacher's logit of the label", ylabel: "nats" });
    }
    bars.clear();
    bars.bars(range(K), p, { colours: range(K).map((k) => (k === labels[sample] ? colour.green : colour.vermilion)) });
    plot.clear();
    LOOKS.forEach((look, i) => plot.line(ADDED, ADDED.map((_, n) => curves[4 * n + i]), look));
    plot.line([added, added], [0, top], { width: 1, color: colour.muted });
  };
});

/** A teacher with two peaks, and a student that can only have one: the one with the smallest divergence of a grid. */

import { argmax, chart, colour, explorer, fixed, legend, linspace, logSoftmax, logSumExp, panels, percent, sum } from "./kit.js";

const PLACES = linspace(-6, 6, 97), CENTRES = linspace(-4, 4, 65), WIDTHS = linspace(0.5, 4, 36);
const NEARLY = 1e-12; // of two students that are equally near, the first is taken

const bell = (centre, width) => logSoftmax(PLACES.map((x) => -(((x - centre) / width) ** 2) / 2));
const STUDENTS = CENTRES.flatMap((centre) => WIDTHS.map((width) => {
  const log = bell(centre, width);
  return { centre, width, log, p: log.map(Math.exp) };
}));

function twoPeaks(distance, share, width = 0.7) {
  const [left, right] = [-distance / 2, distance / 2].map((centre) => bell(centre, width));
  return left.map((log, i) => logSumExp([log + Math.log(share), right[i] + Math.log(1 - share)]));
}

/** β KL(p_t ‖ m) + (1 − β) KL(p_s ‖ m), m their mixture; at the ends forward and reverse KL. */
function generalised(student, log_t, p_t, beta) {
  const { log: log_s, p: p_s } = student;
  let total = 0;
  for (let i = 0; i < log_t.length; i++) {
    if (beta === 0) total += p_t[i] * (log_t[i] - log_s[i]);
    else if (beta === 1) total += p_s[i] && p_s[i] * (log_s[i] - log_t[i]);
    else {
      const log_m = Math.log(beta * p_t[i] + (1 - beta) * p_s[i]);
      total += (p_t[i] && beta * p_t[i] * (log_t[i] - log_m)) + (p_s[i] && (1 - beta) * p_s[i] * (log_s[i] - log_m));
    }
  }
  return total;
}

export function compute({ beta, distance, share }) {
  const log_t = twoPeaks(distance, share), p_t = log_t.map(Math.exp);
  const values = STUDENTS.map((student) => generalised(student, log_t, p_t, beta));
  const smallest = Math.min(...values);
  const { centre, width, p: p_s } = STUDENTS[values.findIndex((value) => value <= smallest + NEARLY)];
  const lowest = CENTRES.map((_, i) => Math.min(...values.slice(i * WIDTHS.length, (i + 1) * WIDTHS.length)));
  const largest = Math.max(...lowest), likely = 0.1 * Math.max(...p_t);
  const never = sum(p_s.filter((_, i) => p_t[i] < likely));
  const left = (p) => percent(sum(p.filter((_, i) => PLACES[i] < 0)));
  const sentence =
    `Centre <b>${fixed(centre, 2)}</b>, width <b>${fixed(width, 1)}</b>: <b>${percent(never)}</b> of ` +
    `what it says the teacher would hardly say; ${left(p_s)} of it is on the left, where the ` +
    `teacher has ${left(p_t)}.`;
  return { numbers: { p_s, p_t, valleys: lowest.map((value) => value / largest), centre, width, never }, sentence };
}

export default explorer(compute, (picture) => {
  const [one, two] = panels(picture, 1, 1);
  const peaks = chart(one, { x: [-6, 6], y: [0, 0.1], width: 350, height: 240, xlabel: "what might be said", ylabel: "probability", yticks: [], left: 24 });
  legend(one, [["teacher", colour.muted], ["student", colour.blue, "7 3"]]);
  const valleys = chart(two, { x: [-4, 4], y: [0, 1.05], width: 350, height: 240, xlabel: "centre of the student", ylabel: "divergence, the largest = 1", yticks: [0, 0.5, 1] });
  return ({ p_s, p_t, valleys: heights, centre }) => {
    peaks.clear();
    peaks.line(PLACES, p_t, { color: colour.muted });
    peaks.line(PLACES, p_s, { color: colour.blue, dash: "7 3" });
    valleys.clear();
    valleys.line(CENTRES, heights, { color: colour.blue });
    valleys.dot(centre, heights[argmax(heights.map((value) => -value))], { r: 6 });
  };
});

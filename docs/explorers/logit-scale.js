/** A student whose logits are the teacher's in another scale, and what it pays for that under three losses. */

import { chart, colour, divergence, explorer, fixed, general, legend, linspace, logSoftmax, mean, panels, part, range, signed, softmax, sum } from "./kit.js";

const LOUDEST = 3, GRID = linspace(-LOUDEST, LOUDEST, 25);
const LOOKS = [{ color: colour.ink }, { color: colour.green, dash: "7 3" }, { color: colour.purple, dash: "8 3 2 3" }];

const rowsOf = ({ values, shape: [N, K] }) => range(N).map((n) => Array.from(values.subarray(n * K, (n + 1) * K)));
const columns = (rows) => rows[0].map((_, k) => rows.map((row) => row[k]));

/** Less its mean, at length 1; a constant gives zeros. */
function centredUnit(values) {
  const middle = mean(values), centred = values.map((value) => value - middle);
  const length = Math.hypot(...centred);
  return centred.map((value) => (length > 1e-6 * Math.max(...values.map(Math.abs)) ? value / length : 0));
}

function pearson(a, b) {
  const [one, other] = [centredUnit(a), centredUnit(b)];
  return sum(one.map((value, i) => value * other[i]));
}

const zScores = (row) => centredUnit(row).map((value) => Math.sqrt(row.length) * value);

// Each loss knows the teacher first, and is then asked about many students.
const kd = (T) => (teacher) => {
  const log_t = teacher.map((row) => logSoftmax(row, T));
  return (student) => T ** 2 * mean(student.map((row, n) => divergence(log_t[n], logSoftmax(row, T))));
};

function dist(teacher, T = 4) {
  const soft = (rows) => rows.map((row) => softmax(row, T));
  const unlike = (a, b) => T ** 2 * (1 - mean(a.map((row, i) => pearson(row, b[i]))));
  const p_t = soft(teacher), classes_t = columns(p_t);
  return (student) => {
    const p_s = soft(student);
    return 2 * unlike(p_s, p_t) + 2 * unlike(columns(p_s), classes_t);
  };
}

function standardized(teacher) {
  const cost = kd(2)(teacher.map(zScores));
  return (student) => cost(student.map(zScores));
}

const LOSSES = { "KL, T = 4": kd(4), DIST: dist, "z-scores": standardized };
const NAMES = Object.keys(LOSSES);

export function compute({ order, scale, shift }, { orders, students }) {
  const teacher = rowsOf(part(students, 0));
  const student = rowsOf(part(students, orders.indexOf(order)));
  const nothing = teacher.map((row) => row.map(() => 0));
  const losses = NAMES.map((name) => LOSSES[name](teacher));
  const louder = (factor) => student.map((row) => row.map((z) => factor * z + shift));
  const units = losses.map((loss) => loss(nothing));
  const cost = (i, factor) => Math.max(0, losses[i](louder(factor)) / units[i]); // rounding may bring it below
  const curves = NAMES.flatMap((_, i) => GRID.map((k) => cost(i, 2 ** k)));
  const costs = NAMES.map((_, i) => cost(i, scale));
  const said = NAMES.map((name, i) => `${name} <b>${fixed(costs[i], 2)}</b>`).join(", ");
  const sentence = `${general(scale, 2)} · z ${signed(shift, 1)}: the cost under ${said} (1: a student that knows nothing).`;
  return { numbers: { student: student[0].map((z) => scale * z + shift), curves, costs }, sentence };
}

export default explorer(compute, (picture, { students }) => {
  const [left, right] = panels(picture, 1, 1.4);
  const teacher = rowsOf(part(students, 0))[0];
  const reach = 1.1 * Math.max(...teacher.map(Math.abs));
  const plane = chart(left, { x: [-reach, reach], y: [-2 * reach, 2 * reach], width: 290, height: 260, xlabel: "logit, teacher", ylabel: "logit, student" });
  const xticks = range(2 * LOUDEST + 1).map((i) => [i - LOUDEST, i < LOUDEST ? `1/${2 ** (LOUDEST - i)}` : String(2 ** (i - LOUDEST))]);
  const costs = chart(right, { x: [-LOUDEST, LOUDEST], y: [-0.05, 2], width: 400, height: 260, xlabel: "scale of the student's logits", ylabel: "cost", xticks, yticks: [0, 0.5, 1, 1.5, 2] });
  legend(right, NAMES.map((name, i) => [name, LOOKS[i].color, LOOKS[i].dash]));
  return ({ student, curves }, { scale }) => {
    plane.clear();
    plane.line([-reach, reach], [-reach, reach], { color: colour.muted, width: 1 });
    teacher.forEach((z, k) => plane.dot(z, student[k]));
    costs.clear();
    costs.line([-LOUDEST, LOUDEST], [1, 1], { dash: "2 3", width: 1.2, color: colour.muted });
    costs.text(-LOUDEST, 1, "all classes equal", { anchor: "start", dx: 4, dy: -5, size: 11 });
    costs.line([Math.log2(scale), Math.log2(scale)], [-0.05, 2], { width: 1, color: colour.muted });
    LOOKS.forEach((look, i) => costs.line(GRID, curves.slice(i * GRID.length, (i + 1) * GRID.length), look));
  };
});

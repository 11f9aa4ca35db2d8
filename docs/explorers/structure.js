/** Six samples in the plane, as the teacher and as the student sees them: their distances and their angles. */

import { chart, colour, explorer, fixed, mean, panels, range } from "./kit.js";

const NAMES = [..."ABCDEF"], EDGE = 3.6;
const HOME = [[-1.2, 0.8], [-0.9, -0.5], [-0.2, 1.2], [0.5, -1.0], [1.1, 0.2], [0.9, 1.3]];
const ALL = range(NAMES.length);
const PAIRS = ALL.flatMap((i) => ALL.filter((j) => j > i).map((j) => [i, j]));
const TRIPLES = ALL.flatMap((i) => PAIRS.filter((pair) => !pair.includes(i)).map(([j, k]) => [i, j, k]));

/** One of the samples put elsewhere; then all are turned, scaled and moved to the right. */
function studentSpace({ sample, x, y, turn, scale, shift }) {
  const [c, s] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  const places = HOME.map((place, i) => (NAMES[i] === sample ? [x, y] : place));
  return places.map(([a, b]) => [scale * (a * c - b * s) + shift, scale * (a * s + b * c)]);
}

/** ψ of all pairs, measured by their mean, and of all triples: the cosine of the angle at i. */
function relations(places) {
  const to = ALL.map((i) => ALL.map((j) => [places[j][0] - places[i][0], places[j][1] - places[i][1]]));
  const far = to.map((row) => row.map(([a, b]) => Math.hypot(a, b)));
  const unit = mean(far.flat()) * (ALL.length / (ALL.length - 1));
  const cosine = (i, j, k) => (far[i][j] && far[i][k] ? (to[i][j][0] * to[i][k][0] + to[i][j][1] * to[i][k][1]) / (far[i][j] * far[i][k]) : 0);
  return { distances: far.map((row) => row.map((d) => d / unit)), angles: ALL.map((i) => ALL.map((j) => ALL.map((k) => cosine(i, j, k)))) };
}

function huber(a, b) {
  const [one, other] = [a.flat(2), b.flat(2)];
  const gaps = one.map((value, i) => Math.abs(value - other[i]));
  return mean(gaps.map((gap) => (gap < 1 ? gap ** 2 / 2 : gap - 0.5)));
}

const TEACHER = relations(HOME);
const shown = ({ distances, angles }) => [PAIRS.map(([i, j]) => distances[i][j]), TRIPLES.map(([i, j, k]) => angles[i][j][k])];

export function compute(settings) {
  const places = studentSpace(settings);
  const student = relations(places);
  const [distance, angle] = [huber(student.distances, TEACHER.distances), huber(student.angles, TEACHER.angles)];
  const verdict = Math.max(distance, angle) < 1e-9 ? "The student has the teacher's structure." : "The structures differ.";
  const [distances, cosines] = shown(student);
  const sentence = `Distance loss ${fixed(distance, 4)}, angle loss ${fixed(angle, 4)}. ${verdict}`;
  return { numbers: { places: places.flat(), distances, cosines, distance, angle }, sentence };
}

function drawPlane(plane, places, chosen = -1) {
  plane.clear();
  for (const [i, j] of PAIRS) plane.line([places[i][0], places[j][0]], [places[i][1], places[j][1]], { color: colour.muted, width: 0.7 });
  places.forEach((place, i) => {
    plane.dot(...place, i === chosen ? { color: colour.vermilion, r: 7 } : { color: chosen < 0 ? colour.ink : colour.blue, r: 4 });
    plane.text(...place, NAMES[i], { dx: 10, dy: -5 });
  });
}

export default explorer(compute, (picture) => {
  const [one, two, three, four] = panels(picture, 1, 1, 1, 1);
  for (const plane of [one, two]) plane.style.flexBasis = "45%"; // beside each other on a narrow page, too
  const [teacher, student] = [[one, "teacher"], [two, "student"]].map(([el, title]) => chart(el, { x: [-EDGE, EDGE], y: [-EDGE, EDGE], width: 220, height: 240, bare: true, title }));
  const over = (el, name, ends, ticks) => chart(el, { x: ends, y: ends, width: 300, height: 280, xlabel: `${name} ψ, teacher`, ylabel: `${name} ψ, student`, xticks: ticks, yticks: ticks });
  const [pairs, triples] = [over(three, "distances", [0, 2.4], [0, 1, 2]), over(four, "cosines", [-1.1, 1.1], [-1, 0, 1])];
  const known = shown(TEACHER);
  drawPlane(teacher, HOME);
  return ({ places, distances, cosines, distance, angle }, { sample }) => {
    drawPlane(student, ALL.map((i) => places.slice(2 * i, 2 * i + 2)), NAMES.indexOf(sample));
    for (const [plot, ends, x, y, color, text] of [
      [pairs, [0, 2.4], known[0], distances, colour.blue, `distance loss ${fixed(distance, 4)}`],
      [triples, [-1.1, 1.1], known[1], cosines, colour.green, `angle loss ${fixed(angle, 4)}`],
    ]) {
      plot.clear();
      plot.line(ends, ends, { color: colour.muted, width: 1 });
      x.forEach((at, i) => plot.dot(at, y[i], { color, r: 3.5 }));
      plot.text(ends[0], ends[1], text, { anchor: "start", dx: 8, dy: 14 });
    }
  };
});

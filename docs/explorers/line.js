/** One neuron of the teacher and one of the student: two lines in the plane, and what three measures say of them. */

import { chart, colour, explorer, fixed, paint, panels, percent, sum } from "./kit.js";

const TEACHER = { degrees: 90, offset: 0, steepness: 1 };
const [X, Y, TOP, MARGIN] = [[-2, 2], [-1.5, 1.5], 4, 1];
const [ROWS, COLUMNS] = [120, 160];
const f = Math.fround; // Python computes in single precision, and a point on the line has a side there

/** The pre-activation of a neuron at (x, y); its line stands `offset` from the origin, across a direction. */
function neuron({ degrees, offset, steepness }) {
  const angle = f(f(degrees) * f(Math.PI / 180));
  const [cos, sin] = [f(Math.cos(angle)), f(Math.sin(angle))];
  return (x, y) => f(steepness * f(f(x * cos + f(y * sin)) - f(offset)));
}

const mean = (values) => sum(values) / values.length;
const relu = (z) => Math.max(z, 0);

export function compute(settings, { points }) {
  const [student, teacher] = [settings, TEACHER].map((one) => {
    const z = neuron(one);
    return Array.from({ length: points.shape[0] }, (_, i) => z(points.values[2 * i], points.values[2 * i + 1]));
  });
  const wrong = student.map((z, i) => z > 0 !== teacher[i] > 0);
  const boundary = mean(student.map((z, i) => relu(MARGIN - (teacher[i] > 0 ? z : -z)) ** 2));
  const magnitude = mean(student.map((z, i) => (relu(z) - relu(teacher[i])) ** 2));
  const count = sum(wrong.map(Number));
  const sentence =
    `${count} of ${wrong.length} points are on the other side. Boundary loss <b>${fixed(boundary, 2)}</b>, ` +
    `magnitude loss <b>${fixed(magnitude, 2)}</b>, means over all points.`;
  return { numbers: { wrong: wrong.map(Number), share: count / wrong.length, boundary, magnitude }, sentence };
}

/** Places where the two neurons are on different sides, as a picture. */
function between(settings) {
  const [student, teacher] = [neuron({ ...settings, steepness: 1 }), neuron(TEACHER)];
  const shade = Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const x = X[0] + (((i % COLUMNS) + 0.5) / COLUMNS) * (X[1] - X[0]);
    const y = Y[1] - ((Math.floor(i / COLUMNS) + 0.5) / ROWS) * (Y[1] - Y[0]);
    return student(x, y) > 0 !== teacher(x, y) > 0 ? 1 : NaN;
  });
  return paint(shade, [ROWS, COLUMNS], () => [240, 150, 70]);
}

export default explorer(compute, (picture, { points }) => {
  const [left, right] = panels(picture, 1.25, 1);
  const plane = chart(left, { x: X, y: Y, width: 380, height: 300, yticks: [-1, 0, 1], xticks: [-2, -1, 0, 1, 2] });
  const names = [[0, "other side"], [1, "boundary loss"], [2, "magnitude loss"]];
  const bars = chart(right, { x: [-0.6, 2.6], y: [0, TOP * 1.15], width: 320, height: 260, xticks: names, yticks: [] });
  return ({ wrong, share, boundary, magnitude }, settings) => {
    const angle = (settings.degrees * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const along = (distance, up) => [settings.offset * cos - distance * sin + up * cos, settings.offset * sin + distance * cos + up * sin];
    const [from, to, foot, tip] = [along(-5, 0), along(5, 0), along(0, 0), along(0, 0.3)];
    plane.clear();
    plane.image(between(settings), { opacity: 0.35 });
    wrong.forEach((other, i) => {
      const look = other ? { shape: "cross", color: colour.vermilion, r: 4 } : { color: colour.muted, r: 2 };
      plane.dot(points.values[2 * i], points.values[2 * i + 1], look);
    });
    plane.line(X, [0, 0], { dash: "8 3 2 3" });
    plane.line([from[0], to[0]], [from[1], to[1]], { color: colour.blue, width: 3 });
    plane.line([foot[0], tip[0]], [foot[1], tip[1]], { color: colour.blue });
    plane.dot(...tip, { shape: "triangle", color: colour.blue });
    plane.text(-2, -1.42, "teacher: active above", { anchor: "start", dx: 4 });
    bars.clear();
    [[TOP * share, colour.vermilion, percent(share)], [boundary, colour.blue, fixed(boundary, 2)], [magnitude, colour.green, fixed(magnitude, 2)]].forEach(
      ([value, fill, text], i) => {
        bars.bars([i], [Math.min(value, TOP)], { colours: fill, width: 0.6 });
        bars.text(i, Math.min(value, TOP), text, { dy: -4 });
      },
    );
  };
});

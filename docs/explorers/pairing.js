/** Three student channels and six teacher channels as points on a circle: who owns whom, and the table of costs. */

import { assignment, chart, colour, explorer, fixed, panels, sum } from "./kit.js";

const TEACHER = [20, 65, 115, 160, 235, 310]; // degrees
const [STUDENTS, SHAPES, MARKS] = ["abc", ["circle", "square", "diamond"], "●■◆"];
const COLOURS = [colour.blue, colour.vermilion, colour.green];
const SHARE = TEACHER.length / STUDENTS.length; // teacher channels for each of the student
const INNER = 0.6;

const point = (degrees, radius = 1) => {
  const angle = degrees * (Math.PI / 180);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
};

/** ‖ŝ - t̂‖² of two directions, as the lesson computes it: from the three products. */
function costOf(s, t) {
  const unit = ([x, y]) => { const length = Math.sqrt(x * x + y * y); return [x / length, y / length]; };
  const [[a, b], [c, d]] = [unit(point(s)), unit(point(t))];
  return Math.max(a * a + b * b + (c * c + d * d) - 2 * (a * c + b * d), 0);
}

/** The owner of each teacher channel where the total cost is least: a student channel is SHARE rows of the solver. */
function best(cost) {
  const rows = Array.from({ length: SHARE }, () => cost).flat();
  const owners = [];
  assignment(rows).forEach((column, row) => { owners[column] = row % cost.length; });
  return owners;
}

/** Take the cheapest pair that is left, again and again. */
function greedy(cost) {
  const [owners, left] = [[], cost.map(() => SHARE)];
  const pairs = cost.flatMap((row, student) => row.map((value, teacher) => ({ value, student, teacher })));
  for (const { student, teacher } of pairs.sort((one, other) => one.value - other.value)) {
    if (owners[teacher] === undefined && left[student]-- > 0) owners[teacher] = student;
  }
  return owners;
}

const PAIRINGS = {
  "best in total": best,
  "cheapest pair first": greedy,
  "by position": (cost) => best(cost.map((row) => row.map(() => 0))),
};

export function compute({ a, b, c, pairing }) {
  const cost = [a, b, c].map((s) => TEACHER.map((t) => costOf(s, t)));
  const total = (owners) => sum(owners.map((student, teacher) => cost[student][teacher]));
  const owners = PAIRINGS[pairing](cost);
  const listed = (student) => owners.flatMap((owner, t) => (owner === student ? [t + 1] : [])).join(" and ");
  const words = [...STUDENTS].map((name, student) => `${name} owns ${listed(student)}`).join("; ");
  const sentence =
    `${words}. Total cost <b>${fixed(total(owners), 2)}</b>, the least possible is ${fixed(total(best(cost)), 2)}.`;
  return { numbers: { cost: cost.flat(), total: total(owners), owners }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1, 1.7);
  const title = "teacher ▲ outside, student inside";
  const circle = chart(left, { x: [-1.3, 1.3], y: [-1.3, 1.3], width: 300, height: 320, bare: true, title });
  const [n, m] = [STUDENTS.length, TEACHER.length];
  const table = chart(right, {
    x: [-0.5, m - 0.5], y: [n - 0.5, -0.5], width: 380, height: 230, xlabel: "teacher channel ▲",
    title: "cost of each pair, 0 (alike) to 4 (opposite)",
    xticks: TEACHER.map((_, t) => [t, String(t + 1)]), yticks: [...STUDENTS].map((name, s) => [s, `${name} ${MARKS[s]}`]),
  });
  const round = Array.from({ length: 121 }, (_, i) => 3 * i);
  return ({ cost, owners }, { a, b, c }) => {
    circle.clear();
    table.clear();
    for (const radius of [INNER, 1]) {
      const points = round.map((degrees) => point(degrees, radius));
      circle.line(points.map(([x]) => x), points.map(([, y]) => y), { color: colour.faint, width: 1 });
    }
    const places = [a, b, c].map((degrees) => point(degrees, INNER));
    TEACHER.forEach((degrees, t) => {
      const [x, y] = point(degrees);
      const [color, start] = [COLOURS[owners[t]], places[owners[t]]];
      circle.line([start[0], x], [start[1], y], { color });
      circle.dot(x, y, { shape: "triangle", color: colour.ink });
      circle.text(1.17 * x, 1.17 * y, String(t + 1), { dy: 4 });
    });
    places.forEach(([x, y], s) => circle.dot(x, y, { shape: SHAPES[s], color: COLOURS[s], r: 6, edge: "currentColor" }));
    cost.forEach((value, i) => {
      const [s, t] = [Math.floor(i / m), i % m];
      table.rect(t - 0.5, t + 0.5, s - 0.5, s + 0.5, { fill: colour.ink, opacity: value / 12 });
      if (owners[t] === s) {
        table.rect(t - 0.46, t + 0.46, s - 0.46, s + 0.46, { fill: "none", color: COLOURS[s], width: 3 });
      }
      table.text(t, s, fixed(value, 1), { dy: 4 });
    });
  };
});

/** The plane of teacher and student: the loss of one position as colour, and where the student is pulled. */

import { BLUES, chart, colour, explorer, fixed, linspace, paint, panels, signed } from "./kit.js";

const [LOW, HIGH, N, TOP] = [-2, 3, 101, 9];
const f = Math.fround; // Python computes in single precision
const AXIS = linspace(LOW, HIGH, N).map(f);

const TRANSFORMS = {
  "margin ReLU": (t, m) => Math.max(t, f(m)),
  ReLU: (t) => Math.max(t, 0),
  "as it is": (t) => t,
};

/** Where a student s is compared with a target: everywhere, or where s > target or target > 0. */
const counted = (s, target, distance) => distance === "full L2" || s > target || target > 0;

/** Loss (s − t′)² where it counts, 0 elsewhere; gradient 2 (s − t′) or 0. */
export function compute({ t, s, m, transform, distance }) {
  const goal = TRANSFORMS[transform](f(t), m);
  const asked = counted(f(s), goal, distance);
  const difference = asked ? s - goal : 0;
  const loss = (at, target) => (counted(at, target, distance) ? (at - target) ** 2 : NaN);
  const sentence = asked
    ? `t′ = ${fixed(goal, 1)}: loss ${fixed(difference * difference, 2)}, gradient <b>${signed(2 * difference, 2)}</b>.`
    : `t′ = ${fixed(goal, 1)} and s is below it, both not positive: loss 0, <b>no gradient</b>.`;
  return { numbers: { goal, difference, curve: AXIS.map((at) => loss(at, goal) || 0) }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1.1, 1);
  const plane = chart(left, {
    x: [LOW, HIGH], y: [LOW, HIGH], width: 340, height: 350, xlabel: "teacher's t, before the ReLU",
    ylabel: "student's s", title: "loss; grey: nothing is asked; line: t′",
  });
  const curve = chart(right, {
    x: [LOW, HIGH], y: [-0.3, TOP], width: 320, height: 300, xlabel: "student's s", ylabel: "loss of this position",
  });
  return (numbers, { t, s, m, transform, distance }) => {
    const targets = AXIS.map((value) => TRANSFORMS[transform](value, m));
    const losses = [...AXIS].reverse().flatMap((at) =>
      targets.map((target) => (counted(at, target, distance) ? (at - target) ** 2 : NaN)),
    );
    plane.clear();
    plane.image(paint(losses, [N, N], BLUES, { high: 6, nothing: [204, 204, 204, 255] }));
    plane.line(AXIS, targets, { color: "#222" }); // on a picture that is light in both themes
    plane.line([t, t], [s, s - numbers.difference], { color: colour.vermilion, width: 3 });
    plane.dot(t, s);
    curve.clear();
    curve.line(AXIS, numbers.curve, { color: colour.blue });
    curve.dot(s, Math.min(numbers.difference ** 2, TOP));
  };
});

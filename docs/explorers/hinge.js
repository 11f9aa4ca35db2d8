/** The step loss, the hinge that stands in for it, and the gradient of both, for one neuron at one position. */

import { chart, colour, explorer, fixed, linspace, panels, signed } from "./kit.js";

const GRID = linspace(-3, 3, 241);

/** max(0, μ - z)² where the teacher is active, max(0, μ + z)² where it is silent; and its slope. */
function hinge({ margin, side }, z) {
  const sign = side === "active" ? 1 : -1;
  const short = Math.max(0, margin - sign * z);
  return { loss: short * short, slope: -2 * sign * short };
}

export function compute(settings) {
  const { z, side } = settings;
  const { loss, slope } = hinge(settings, z);
  const [right, push] = [z > 0 === (side === "active"), -slope];
  const says =
    push === 0
      ? "On the right side, beyond the margin: the hinge is silent."
      : right
        ? `On the right side, but within the margin: it is still pushed by ${signed(push, 1)}.`
        : `On the wrong side: pushed by ${signed(push, 1)}.`;
  const sentence = `${says} Step loss ${right ? 0 : 1}, with gradient 0; hinge <b>${fixed(loss, 2)}</b>.`;
  const curve = GRID.map((at) => hinge(settings, at));
  return {
    numbers: { loss, slope, losses: curve.map((one) => one.loss), slopes: curve.map((one) => one.slope) },
    sentence,
  };
}

export default explorer(compute, (picture) => {
  const axis = { x: [-3, 3], width: 340, height: 260, xlabel: "student's pre-activation" };
  const [left, right] = panels(picture, 1, 1);
  const loss = chart(left, { ...axis, y: [-0.3, 6], title: "loss: step broken, hinge solid" });
  const slope = chart(right, { ...axis, y: [-6, 6], title: "gradient of both" });
  return (numbers, { margin, z, side }) => {
    const active = side === "active";
    const steps = GRID.map((at) => Number(at > 0 !== active));
    const drawn = [
      [loss, steps, numbers.losses, numbers.loss, [-0.3, 6]],
      [slope, steps.map(() => 0), numbers.slopes, numbers.slope, [-6, 6]],
    ];
    for (const [one, step, curve, at, [low, high]] of drawn) {
      one.clear();
      one.rect(active ? 0 : -margin, active ? margin : 0, low, high, { fill: colour.green, opacity: 0.18 });
      one.line([0, 0], [low, high], { color: colour.muted, width: 1 });
      one.line(GRID, step, { color: colour.muted, dash: "6 4" });
      one.line(GRID, curve, { color: colour.blue, width: 2.5 });
      one.dot(z, Math.min(Math.max(at, low), high)); // at the rim where the curve has left the picture
    }
  };
});

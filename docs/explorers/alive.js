/** The smallest explorer: a slider, and a flower with as many petals as it says. */

import { chart, colour, explorer, linspace, panels } from "./kit.js";

const ANGLES = linspace(0, 2 * Math.PI, 721);

/** r(φ) = 0.6 + 0.4 · cos(n φ): n petals. */
export function compute({ petals }) {
  const radius = ANGLES.map((angle) => 0.6 + 0.4 * Math.cos(petals * angle));
  const sentence = `The slider says ${petals}, and the flower has ${petals} petals: widgets work here.`;
  return {
    numbers: { x: radius.map((r, i) => r * Math.cos(ANGLES[i])), y: radius.map((r, i) => r * Math.sin(ANGLES[i])) },
    sentence,
  };
}

export default explorer(compute, (picture) => {
  const [panel] = panels(picture, 1);
  const flower = chart(panel, { x: [-1.05, 1.05], y: [-1.05, 1.05], width: 240, height: 240, bare: true });
  return ({ x, y }) => {
    flower.clear();
    flower.line(x, y, { color: colour.blue });
  };
});

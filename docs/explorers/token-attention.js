/** An image in patches; one of its tokens asks, and the picture beside it says how much it takes of each patch. */

import { GREY, SEQUENTIAL, argmax, chart, colour, explorer, linspace, mean, paint, panels, part, percent, range } from "./kit.js";

export function compute({ image, token, block, head }, { layers, tokens }) {
  const heads = range(layers.shape[2]);
  const row = (one) => part(layers, block - 1, image, one, token).values;
  const T = layers.shape[4];
  const asked = range(T).map((i) => (head < 0 ? mean(heads.map((one) => row(one)[i])) : row(head)[i]));
  const places = asked.slice(tokens.length);
  const side = Math.round(Math.sqrt(places.length)), best = argmax(places);
  const own = tokens.map((name, i) => `${name} ${percent(asked[i])}`).join(", ");
  const sentence =
    `Most is taken of the patch in row ${Math.floor(best / side) + 1}, column ${(best % side) + 1}: <b>${percent(places[best])}</b> (evenly ` +
    `spread it would be ${percent(1 / T)}). Of tokens: ${own}.`;
  return { numbers: { asked }, sentence };
}

export default explorer(compute, (picture, { images, tokens, layers }) => {
  const side = Math.round(Math.sqrt(layers.shape[4] - tokens.length));
  const [left, right] = panels(picture, 1, 1);
  const square = { x: [0, side], y: [0, side], width: 260, height: 260, bare: true };
  const [shown, map] = [chart(left, square), chart(right, square)];
  return ({ asked }, { image, token }) => {
    const pixels = part(images, image), places = asked.slice(tokens.length);
    shown.clear();
    shown.image(paint(pixels.values, pixels.shape, GREY, { high: 255 }));
    for (const cut of linspace(1, side - 1, side - 1)) {
      shown.line([cut, cut], [0, side], { color: "#8c8c8c", width: 0.7 });
      shown.line([0, side], [cut, cut], { color: "#8c8c8c", width: 0.7 });
    }
    if (token >= tokens.length) {
      const [row, column] = [Math.floor((token - tokens.length) / side), (token - tokens.length) % side];
      shown.rect(column, column + 1, side - row - 1, side - row, { fill: "none", color: colour.orange, width: 3 });
    }
    map.clear();
    map.image(paint(places, [side, side], SEQUENTIAL, { high: Math.max(...places, 1e-12) }));
  };
});

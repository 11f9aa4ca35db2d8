/** The course's colours (Okabe and Ito), which the colour-blind tell apart, and the scales of its maps. */

export const colour = {
  ink: "currentColor", // black on a light page, white on a dark one
  muted: "var(--kd-muted)",
  faint: "var(--kd-faint)",
  blue: "#0072B2",
  vermilion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  yellow: "#F0E442",
};

const scale = (...hex) => {
  const stops = hex.map((code) => [0, 2, 4].map((at) => parseInt(code.slice(at, at + 2), 16)));
  return (value) => {
    const place = Math.min(Math.max(value, 0), 1) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    return stops[left].map((low, i) => low + (stops[left + 1][i] - low) * (place - left));
  };
};

/** Scales from [0, 1] to red, green and blue: matplotlib's gray, Greys, Blues, viridis and PuOr. */
export const GREY = scale("000000", "ffffff");
export const GREYS = scale("ffffff", "f0f0f0", "d9d9d9", "bdbdbd", "969696", "737373", "525252", "252525", "000000");
export const BLUES = scale("f7fbff", "deebf7", "c6dbef", "9ecae1", "6baed6", "4292c6", "2171b5", "08519c", "08306b");
export const SEQUENTIAL = scale("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725");
export const DIVERGING = scale(
  "7f3b08", "b35806", "e08214", "fdb863", "fee0b6", "f7f7f7", "d8daeb", "b2abd2", "8073ac", "542788", "2d004b",
);

/** A picture of numbers, one pixel each, as a URL; `nothing` is the colour of what is no number. */
export function paint(values, [rows, columns], scale, { low = 0, high = 1, nothing = [0, 0, 0, 0] } = {}) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const known = !Number.isNaN(values[i]);
    picture.data.set(known ? [...scale((values[i] - low) / (high - low)), 255] : nothing, 4 * i);
  }
  context.putImageData(picture, 0, 0);
  return canvas.toDataURL();
}

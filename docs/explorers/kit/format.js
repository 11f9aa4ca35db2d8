/** Numbers in text, digit for digit as Python's format writes them. */

/** f"{x:.2f}" is fixed(x, 2). Of two numbers that are equally near Python takes the even one, and toFixed the larger. */
export function fixed(x, digits = 0) {
  const size = Math.abs(x);
  const between = (size * 2 ** (digits + 1)) % 2 === 1; // an odd number of 2^-(digits + 1): exactly in the middle
  const below = Math.floor(size * 10 ** digits);
  const text = (between ? (below + (below % 2)) / 10 ** digits : size).toFixed(digits);
  return (x < 0 || Object.is(x, -0) ? "-" : "") + text;
}

/** f"{x:+.2f}" */
export const signed = (x, digits = 0) => (x < 0 || Object.is(x, -0) ? "" : "+") + fixed(x, digits);

/** f"{x:.1%}" is percent(x, 1). */
export const percent = (x, digits = 0) => `${fixed(x * 100, digits)}%`;

/** f"{x:.3g}" is general(x, 3): significant digits without zeros at the end, with an exponent where that is shorter. */
export function general(x, digits = 6) {
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power >= -4 && power < digits) return short(fixed(x, digits - 1 - power));
  return `${short(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** f"{n:,}" */
export const commas = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

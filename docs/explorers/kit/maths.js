/** Small mathematics that several explorers need. */

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** n numbers from low to high, both ends included. */
export const linspace = (low, high, n) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

/** exp(z_k / T) / Σ_j exp(z_j / T) */
export function softmax(logits, T = 1) {
  const z = Array.from(logits, (value) => value / T);
  const largest = Math.max(...z);
  const powers = z.map((value) => Math.exp(value - largest));
  const total = sum(powers);
  return powers.map((value) => value / total);
}

/** -Σ p log p in nats; 0 · log 0 is 0. */
export const entropy = (p) => -sum(p.map((value) => (value > 0 ? value * Math.log(value) : 0)));

/** The indices of the k largest values, the largest first. */
export const topk = (values, k) =>
  Array.from(values, (_, i) => i)
    .sort((i, j) => values[j] - values[i])
    .slice(0, k);

/** The density of a normal variable. */
export const density = (x, mean = 0, spread = 1) =>
  Math.exp(-(((x - mean) / spread) ** 2) / 2) / (spread * Math.sqrt(2 * Math.PI));

/** 1 - erf(x), to 14 digits of its own size, however small: a series near 0, a continued fraction further out. */
export function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2.5) {
    let term = x, total = x;
    for (let n = 1; Math.abs(term) > 1e-17 * total; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      total += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
  }
  let fraction = x;
  for (let n = 120; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

/** Φ(x), the distribution of N(0, 1). */
export const ndtr = (x) => erfc(-x / Math.SQRT2) / 2;

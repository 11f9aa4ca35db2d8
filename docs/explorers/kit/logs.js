/** Probabilities by their logarithms, which stay finite where the probabilities themselves would be 0. */

import { sum } from "./maths.js";

/** log Σ exp(x) */
export function logSumExp(values) {
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest === -Infinity ? largest : largest + Math.log(values.reduce((total, x) => total + Math.exp(x - largest), 0));
}

/** log softmax(z / T) */
export function logSoftmax(logits, T = 1) {
  const z = Array.from(logits, (value) => value / T);
  const all = logSumExp(z);
  return z.map((value) => value - all);
}

/** KL(p ‖ q) = Σ p (log p − log q) in nats, of logarithms; a class that p rules out adds nothing. */
export const divergence = (logP, logQ) => sum(logP.map((value, k) => (value > -745 ? Math.exp(value) * (value - logQ[k]) : 0)));

export const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** log sigmoid(x), exact on both sides. */
export const logSigmoid = (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));

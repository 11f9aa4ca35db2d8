/** Tensors as they are shipped: {float32: base64, shape} becomes {values: Float32Array, shape}. */

const KINDS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array };

/** The data of an explorer with every shipped tensor, however deep, as a typed array with its shape. */
export function unpacked(data) {
  if (Array.isArray(data)) return data.map(unpacked);
  if (data === null || typeof data !== "object") return data;
  const kind = Object.keys(KINDS).find((name) => typeof data[name] === "string");
  if (kind) {
    const bytes = Uint8Array.from(atob(data[kind]), (character) => character.charCodeAt(0));
    return { values: new KINDS[kind](bytes.buffer), shape: data.shape };
  }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, unpacked(value)]));
}

/** tensor[i, j, …]: a view of the rest, {values, shape}. */
export function part({ values, shape }, ...indices) {
  const rest = shape.slice(indices.length);
  const size = rest.reduce((product, n) => product * n, 1);
  const place = indices.reduce((place, index, axis) => place * shape[axis] + index, 0);
  return { values: values.subarray(place * size, (place + 1) * size), shape: rest };
}

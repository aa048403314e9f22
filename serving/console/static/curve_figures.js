// Figures of an audience of any size, out of the points of its curve.

function between(left, right, weight) {
  if (left == null || right == null) return left ?? right ?? null;
  return left + (right - left) * weight;
}

function intervalBetween(left, right, weight) {
  return Object.fromEntries(["expected", "low", "high"].map((name) => [name, between(left[name], right[name], weight)]));
}

/** The largest size of a curve; 0 without points. */
export function most(points) {
  return points.length ? points[points.length - 1].size : 0;
}

/** The figures at a size, straight between the two points around it; null without points. */
export function figuresAt(points, size) {
  if (!points.length) return null;
  const after = Math.max(1, points.findIndex((point) => point.size >= size));
  const right = points.length === 1 ? points[0] : points[after] ?? points[points.length - 1];
  const left = points.length === 1 ? points[0] : points[after - 1];
  const span = right.size - left.size;
  const weight = span ? Math.min(1, Math.max(0, (size - left.size) / span)) : 0;
  const doers = intervalBetween(left.expected_buyers, right.expected_buyers, weight);
  return {
    size,
    doers,
    sales: intervalBetween(left.expected_revenue, right.expected_revenue, weight),
    share: size ? doers.expected / size : 0,
    lift: between(left.lift, right.lift, weight),
  };
}

/** The same of those who are told, when a share is held out. */
export function ofTold(figures, heldOut) {
  const told = (interval) => Object.fromEntries(Object.entries(interval).map(([name, value]) => [name, value * (1 - heldOut)]));
  return heldOut ? { ...figures, doers: told(figures.doers), sales: told(figures.sales) } : figures;
}

const STEPS = 1000;

/** The place of a size on the slider: as far from 10 to 100 as from 100 to 1,000. */
export function placeOf(size, largest) {
  return largest <= 1 ? STEPS : Math.round((STEPS * Math.log(Math.max(1, size))) / Math.log(largest));
}

/** The size at a place of the slider, in round numbers. */
export function sizeOf(place, largest) {
  if (place >= STEPS) return largest;
  const size = largest ** (place / STEPS);
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(size)) - 1);
  return Math.min(largest, Math.max(1, Math.round(size / unit) * unit));
}

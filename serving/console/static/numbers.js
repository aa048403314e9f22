// Numbers as the reader writes them, the same as the pages themselves do.

const { numberLocale, currency } = document.documentElement.dataset;
const NOTHING = "–";

function locale() {
  try {
    return Intl.getCanonicalLocales(numberLocale)[0];
  } catch {
    return undefined;
  }
}

const formats = new Map();
function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key);
}

export function number(value, digits = 0) {
  return value == null ? NOTHING : format({ maximumFractionDigits: digits }).format(value);
}

export function percent(share, digits = 0) {
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return share == null ? NOTHING : format(options).format(share);
}

/** An amount in the shop's currency; whole units from a hundred on. */
export function money(value) {
  if (value == null) return NOTHING;
  const digits = Math.abs(value) >= 100 ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {};
  return format({ style: "currency", currency, ...digits }).format(value);
}

/** Numbers, times and sentences as a person reads them. Pure. */

/** @typedef {import("./types.js").Violation} Violation */

const NARROW = "\u202f";

/**
 * Milliseconds to about three digits.
 * @param {number|null|undefined} value
 */
export function ms(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 10_000) return `${(value / 1000).toFixed(1)}${NARROW}s`;
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)}${NARROW}ms`;
}

/**
 * A share of one as per cent; what is not quite 0 or 1 is never shown as 0 or 100.
 * @param {number|null} value 0 to 1, null where a model gave no finite number
 */
export function percent(value) {
  if (value === null) return "–";
  if (value > 0 && value < 0.0005) return `<0.1${NARROW}%`;
  if (value < 1 && value >= 0.9995) return `>99.9${NARROW}%`;
  return `${(value * 100).toFixed(value === 0 || value === 1 ? 0 : 1)}${NARROW}%`;
}

/**
 * A number to about four significant digits, thousands grouped.
 * @param {number|null} value null where a model gave no finite number
 */
export function number(value) {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e9)) return value.toExponential(2);
  return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? Math.ceil(Math.log10(size + 1)) : 4 });
}

/**
 * Time of day with seconds.
 * @param {string|null} instant RFC 3339
 */
export function clock(instant) {
  if (!instant) return "–";
  return new Date(instant).toLocaleTimeString("en", { hourCycle: "h23" });
}

/**
 * Date and time to the millisecond, in the reader's zone.
 * @param {string|null} instant RFC 3339
 */
export function moment(instant) {
  if (!instant) return "at an unknown time";
  const date = new Date(instant);
  const day = date.toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
  const digits = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" };
  return `${day}, ${date.toLocaleTimeString("en", /** @type {Intl.DateTimeFormatOptions} */ (digits))}`;
}

/**
 * "1 instance", "3 instances".
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** @type {Record<string, string>} */
const VIOLATIONS = {
  missing: "is missing",
  type: "has the wrong type",
  range: "is outside its declared range",
  category: "has a value that is not declared",
  reference_range: "is outside what the training data held",
  size: "has an unusual size",
};

/**
 * What is wrong with the data, after the name of the field.
 * @param {Violation} violation
 * @param {number} instances
 */
export function violationSentence(violation, instances) {
  const what = VIOLATIONS[violation.kind] ?? `violates “${violation.kind}”`;
  return instances > 1 ? `${what} in ${violation.count} of ${plural(instances, "instance")}` : what;
}

/**
 * How far a request is from the reference profile, in a word.
 * @param {number} distance in robust standard deviations
 * @returns {"typical"|"unusual"|"far out"}
 */
export function distanceWord(distance) {
  if (distance < 2) return "typical";
  return distance < 4 ? "unusual" : "far out";
}

/**
 * A field as its control is called: the page asks for one instance, so which one need not be said.
 * @param {string} field
 */
export function fieldName(field) {
  return field === "hallmark-consumer" ? "consumer" : field.replace(/^instances\[0\]\./, "");
}

/**
 * What was expected and what came, as one sentence for the field concerned.
 * @param {{message: string, expected?: string, got?: string}} error
 */
export function errorSentence(error) {
  const text = error.expected ? `expected ${error.expected}${error.got ? `, got ${error.got}` : ""}` : error.message;
  return sentence(text);
}

/**
 * Capital first, full stop last.
 * @param {string} text
 */
export function sentence(text) {
  const trimmed = text.trim();
  const end = /[.!?…]$/.test(trimmed) ? "" : ".";
  return trimmed ? trimmed[0].toUpperCase() + trimmed.slice(1) + end : "";
}

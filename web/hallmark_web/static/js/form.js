/** Input of a table model: one control a column, made from what the model declares. */

import { ApiError } from "./api.js";
import { el, say } from "./dom.js";
import { number } from "./format.js";

/**
 * @typedef {import("./types.js").Column} Column
 * @typedef {object} Control
 * @property {Column} column
 * @property {HTMLInputElement|HTMLSelectElement} control
 * @property {HTMLElement} error
 * @property {HTMLElement} node
 */

/**
 * @param {import("./types.js").ModelDescription} model
 * @returns {import("./types.js").Input}
 */
export function tableInput(model) {
  const example = exampleRow(model);
  const controls = (model.columns ?? []).map((column) => makeControl(column, example[column.name]));
  const node = el("div", { class: "columns" }, controls.map((item) => item.node));
  return {
    node,
    async read() {
      return { json: { instances: [readRow(controls)] } };
    },
    showError(field, sentence) {
      const item = controls.find(({ column }) => names(field, column.name));
      if (item) mark(item, sentence);
      return item !== undefined;
    },
    clearErrors: () => controls.forEach((item) => mark(item, "")),
    dispose() {},
  };
}

/**
 * The first instance of the model's example; the columns alone where it has none.
 * @param {import("./types.js").ModelDescription} model
 * @returns {Record<string, unknown>}
 */
export function exampleRow(model) {
  try {
    return JSON.parse(model.example_json || "{}").instances?.[0] ?? {};
  } catch {
    return {}; // A broken example must not keep a person from filling in the form.
  }
}

/**
 * Whether an error's field is this column: "distance", "instances[0].distance" or "instances[0][distance]".
 * @param {string} field
 * @param {string} column
 */
export function names(field, column) {
  return field === column || field.endsWith(`.${column}`) || field.endsWith(`[${column}]`);
}

/**
 * @param {Column} column
 * @param {unknown} value From the example.
 * @returns {Control}
 */
function makeControl(column, value) {
  const id = `column-${column.name}`;
  const control = choices(column) ? selectOf(column, value) : inputOf(column, value);
  const error = el("p", { class: "error", role: "alert", id: `${id}-error`, hidden: true });
  const help = el("p", { class: "help", id: `${id}-help`, title: helpText(column) }, helpText(column));
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-help ${id}-error`);
  const unit = column.unit ? el("span", { class: "unit" }, column.unit) : null;
  const label = el("label", { for: id }, column.name, column.nullable && el("span", { class: "optional" }, "optional"));
  const node = el("div", { class: "field" }, label, el("div", { class: "control" }, control, unit), help, error);
  const item = { column, control, error, node };
  control.addEventListener("input", () => mark(item, ""));
  return item;
}

/**
 * Values to choose from, null where any may be typed.
 * @param {Column} column
 */
function choices(column) {
  if (column.dtype === "boolean") return ["true", "false"];
  return column.categories?.length ? column.categories : null;
}

/**
 * @param {Column} column
 * @param {unknown} value
 */
function selectOf(column, value) {
  const wanted = value === undefined || value === null ? "" : String(value);
  const options = (choices(column) ?? []).map((choice) => {
    const shown = column.dtype === "boolean" ? { true: "yes", false: "no" }[choice] : choice;
    return el("option", { value: choice, selected: choice === wanted }, shown);
  });
  const none = el("option", { value: "", selected: wanted === "" }, column.nullable ? "not known" : "choose");
  return el("select", {}, none, options);
}

/**
 * @param {Column} column
 * @param {unknown} value
 */
function inputOf(column, value) {
  const numeric = column.dtype === "number" || column.dtype === "integer";
  return el("input", {
    type: numeric ? "number" : "text",
    inputmode: column.dtype === "number" ? "decimal" : numeric ? "numeric" : null,
    step: numeric ? (column.dtype === "integer" ? 1 : "any") : null,
    min: column.minimum,
    max: column.maximum,
    placeholder: column.nullable ? "not known" : null,
    value: value ?? "",
    autocomplete: "off",
  });
}

/** @param {Column} column */
function helpText(column) {
  return [rangeText(column), column.description].filter(Boolean).join(" · ");
}

/** @param {Column} column */
function rangeText({ minimum, maximum }) {
  const [low, high] = [minimum ?? null, maximum ?? null];
  if (low !== null && high !== null) return `${number(low)} to ${number(high)}`;
  if (low !== null) return `at least ${number(low)}`;
  return high !== null ? `at most ${number(high)}` : "";
}

/** @param {Control[]} controls */
function readRow(controls) {
  return Object.fromEntries(controls.map((item) => [item.column.name, readValue(item)]));
}

/**
 * The value as JSON. Ranges are left to the server, which alone knows whether it refuses or records.
 * @param {Control} item
 */
function readValue({ column, control }) {
  const text = control.value.trim();
  if (control.validity.badInput) {
    throw new ApiError({ message: "", field: column.name, expected: `a number`, got: "something else" });
  }
  if (text === "") return null;
  if (column.dtype === "boolean") return text === "true";
  return column.dtype === "number" || column.dtype === "integer" ? Number(text) : text;
}

/**
 * @param {Control} item
 * @param {string} sentence Empty takes the mark away.
 */
function mark({ control, error }, sentence) {
  say(error, sentence);
  if (sentence) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

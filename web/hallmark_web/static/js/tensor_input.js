/** Input of a tensor model: the request body as JSON, beginning with the model's example. */

import { ApiError } from "./api.js";
import { el, say } from "./dom.js";
import { fieldName } from "./format.js";

/**
 * @param {import("./types.js").ModelDescription} model
 * @returns {import("./types.js").Input}
 */
export function tensorInput(model) {
  const editor = el("textarea", {
    id: "tensor-json",
    class: "mono editor",
    rows: 14,
    spellcheck: "false",
    autocapitalize: "none",
    "aria-describedby": "tensor-error",
  });
  editor.value = pretty(model.example_json);
  const error = el("p", { class: "error", role: "alert", id: "tensor-error", hidden: true });
  const shapes = (model.tensors ?? []).map((tensor) =>
    el("li", {}, el("b", {}, tensor.name), ` ${tensor.datatype} `, el("span", { class: "quiet" }, shapeText(tensor.shape))),
  );
  const node = el(
    "div",
    { class: "tensor-input" },
    el("ul", { class: "shapes mono", "aria-label": "Inputs" }, shapes),
    el("label", { for: "tensor-json" }, "Request body"),
    editor,
    error,
  );
  editor.addEventListener("input", () => mark(""));

  /** @param {string} sentence */
  function mark(sentence) {
    say(error, sentence);
    if (sentence) editor.setAttribute("aria-invalid", "true");
    else editor.removeAttribute("aria-invalid");
  }

  return {
    node,
    async read() {
      return { json: parse(editor.value) };
    },
    showError(field, sentence) {
      const prefix = field && field !== "body" && field !== "instances" ? `${fieldName(field)}: ` : "";
      mark(prefix + sentence);
      return true;
    },
    clearErrors: () => mark(""),
    dispose() {},
  };
}

/** @param {(number|string)[]} shape -1 where any extent will do. */
function shapeText(shape) {
  return `[${shape.map((extent) => (Number(extent) < 0 ? "any" : extent)).join(", ")}]`;
}

/** @param {string|undefined} example */
function pretty(example) {
  if (!example) return '{\n  "instances": []\n}';
  try {
    const text = JSON.stringify(JSON.parse(example), null, 2);
    // Innermost lists of numbers on one line: a tensor reads in rows.
    return text.replace(/\[\s*([-\d.eE+,\s]+?)\s*\]/g, (_, numbers) => `[${numbers.replace(/,\s+/g, ", ")}]`);
  } catch {
    return example;
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError({ message: `This is not JSON: ${/** @type {Error} */ (error).message}`, field: "body" });
  }
}

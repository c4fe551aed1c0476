/** The choice of a model. */

import { el } from "./dom.js";

/** @typedef {import("./types.js").ModelDescription} ModelDescription */

/** @type {Record<string, string>} */
const OUTPUTS = { classes: "class", probability: "probability", number: "number", raw: "tensors" };

/**
 * Cards to choose from; the choice is kept in the address, so that it can be shared.
 * @param {HTMLElement} root
 * @param {ModelDescription[]} models
 * @param {(model: ModelDescription) => void} onChoose Called at once for the first choice.
 */
export function modelPicker(root, models, onChoose) {
  const radios = models.map((model) => radio(model, () => choose(model)));
  const cards = models.map((model, index) => card(model, radios[index]));
  root.removeAttribute("aria-busy");
  root.replaceChildren(el("fieldset", {}, el("legend", { class: "unseen" }, "Model"), cards));

  /** @param {ModelDescription} model */
  function choose(model) {
    history.replaceState(null, "", `#${encodeURIComponent(model.name)}`);
    onChoose(model);
  }

  function followAddress() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const found = Math.max(0, models.findIndex((model) => model.name === wanted));
    radios[found].checked = true;
    onChoose(models[found]);
  }

  addEventListener("hashchange", followAddress);
  followAddress();
}

/**
 * @param {ModelDescription} model
 * @param {() => void} onChoose
 */
function radio(model, onChoose) {
  return el("input", { type: "radio", name: "model", value: model.name, onchange: onChoose });
}

/**
 * @param {ModelDescription} model
 * @param {HTMLInputElement} control
 */
function card(model, control) {
  const output = OUTPUTS[model.output_kind] ?? model.output_kind;
  return el(
    "label",
    { class: "card" },
    control,
    el("b", {}, model.title || model.name),
    el("span", { class: "quiet" }, el("span", { class: "mono" }, model.name), ` · ${model.input_kind} to ${output}`),
  );
}

/** Input of an image model: draw one, or drop, choose or paste a file. What is shown is what is sent. */

import { ApiError } from "./api.js";
import { el, icon, say } from "./dom.js";
import { DrawPad } from "./draw.js";

/** Side of the canvas on screen, in device pixels: sharp on a screen of double density. */
const PAD_PX = 560;
/**
 * Sends a drawing in the size in which the model sees it: nothing is gained by more.
 * @param {import("./types.js").ModelDescription} model
 * @returns {import("./types.js").Input}
 */
export function imageInput(model) {
  const side = Math.max(model.image_width ?? 0, model.image_height ?? 0) || PAD_PX;
  /** @type {File|null} */
  let file = null;

  const canvas = el("canvas", { width: PAD_PX, height: PAD_PX, tabindex: 0, role: "img", "aria-label": "Drawing pad" });
  const hint = el("p", { class: "pad-hint", "aria-hidden": "true" }, "Draw here");
  const status = el("p", { class: "quiet pad-status", role: "status" });
  const error = el("p", { class: "error", role: "alert", id: "image-error", hidden: true });
  const undo = el("button", { type: "button", class: "small", onclick: () => pad.undo() }, icon("undo"), "Undo");
  const clear = el("button", { type: "button", class: "small", onclick: reset }, icon("clear"), "Clear");
  const chooser = el("input", { type: "file", accept: "image/*", id: "image-file", class: "unseen", "aria-describedby": "image-error" });
  const choose = el("label", { for: "image-file", class: "button small" }, icon("upload"), "Choose image");
  const frame = el("div", { class: "pad" }, canvas, hint);
  const node = el("div", { class: "image-input" }, frame, el("div", { class: "pad-tools" }, undo, clear, chooser, choose), status, error);
  const pad = new DrawPad(canvas, refresh);

  function refresh() {
    hint.hidden = file !== null || !pad.isEmpty;
    undo.disabled = file !== null || pad.isEmpty;
    clear.disabled = file === null && pad.isEmpty;
    pad.enabled = file === null;
    frame.classList.toggle("holds-file", file !== null);
    status.textContent = file
      ? `${file.name}, ${Math.max(1, Math.round(file.size / 1024)).toLocaleString("en")} KB. Clear to draw again.`
      : "You can also drop an image here or paste one.";
  }

  function reset() {
    file = null;
    chooser.value = "";
    say(error, "");
    pad.clear();
  }

  /** @param {File|null|undefined} chosen */
  async function take(chosen) {
    if (!chosen) return;
    pad.strokes = [];
    file = chosen;
    say(error, "");
    refresh();
    await preview(canvas, chosen).catch(() => {
      pad.redraw(); // Formats that the browser cannot show may well be ones that the model takes.
      status.textContent = `${chosen.name}. No preview here; it is sent as it is.`;
    });
  }

  /** @param {ClipboardEvent} event */
  function paste(event) {
    const pasted = [...(event.clipboardData?.files ?? [])].find((item) => item.type.startsWith("image/"));
    if (pasted) {
      event.preventDefault();
      take(pasted);
    }
  }

  chooser.addEventListener("change", () => take(chooser.files?.[0]));
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !undo.disabled) pad.undo();
  });
  acceptDrops(node, take);
  document.addEventListener("paste", paste);
  refresh();

  return {
    node,
    async read() {
      if (file) return { image: file, filename: file.name };
      if (pad.isEmpty) throw new ApiError({ message: "Draw something, or choose an image.", field: "image" });
      return { image: await pad.toPng(side), filename: "drawing.png" };
    },
    showError(field, sentence) {
      if (!field.startsWith("image") && !field.startsWith("instances")) return false;
      say(error, sentence);
      return true;
    },
    clearErrors: () => say(error, ""),
    dispose: () => document.removeEventListener("paste", paste),
  };
}

/**
 * Files dropped anywhere on a node.
 * @param {HTMLElement} node
 * @param {(file: File|undefined) => void} take
 */
function acceptDrops(node, take) {
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add("dropping");
  });
  node.addEventListener("dragleave", () => node.classList.remove("dropping"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    node.classList.remove("dropping");
    take(event.dataTransfer?.files[0]);
  });
}

/**
 * Draws a file into the middle of the canvas. On a canvas, since the content security policy allows no blob images.
 * @param {HTMLCanvasElement} canvas
 * @param {File} file
 */
async function preview(canvas, file) {
  const bitmap = await createImageBitmap(file);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = scale < 4; // Small images show their pixels instead of a blur.
  context.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  bitmap.close();
}

/** Builds DOM nodes. Data only ever becomes text or an attribute value, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Path data of the icons, on a 16 by 16 grid. */
const ICONS = {
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  done: "M3 8.5l3.5 3.5L13 4.5",
  undo: "M6 3L2.5 6.5 6 10M3 6.5h6a4 4 0 010 8H6",
  clear: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.7 9h5.6l.7-9",
  upload: "M8 11V2.5M4.5 6L8 2.5 11.5 6M2.5 10.5v3h11v-3",
  open: "M6 3.5l4.5 4.5L6 12.5",
};

/**
 * @typedef {Node|string|number|null|undefined|false} Child
 * @param {Element} node
 * @param {Record<string, any>} attributes `on…` functions become listeners; false, null and undefined leave out.
 * @param {(Child|Child[])[]} children
 */
function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      node.append(child instanceof Node ? child : String(child));
    }
  }
}

/**
 * An HTML element.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child|Child[])} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  furnish(node, attributes, children);
  return node;
}

/**
 * A line icon, hidden from assistive technology: a label stands beside it.
 * @param {keyof ICONS} name
 */
export function icon(name) {
  const node = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  furnish(path, { d: ICONS[name] }, []);
  furnish(node, { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, [path]);
  return node;
}

/**
 * The element with this id, which the page is known to have.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Sets numbers that the style sheet positions by. Through the object model, since the content security policy
 * allows no style attributes.
 * @template {HTMLElement} T
 * @param {T} node
 * @param {Record<string, number>} variables
 * @returns {T}
 */
export function place(node, variables) {
  for (const [name, value] of Object.entries(variables)) node.style.setProperty(`--${name}`, String(value));
  return node;
}

/**
 * Shows or hides a line of text.
 * @param {HTMLElement} node
 * @param {string} text Empty hides it.
 */
export function say(node, text) {
  node.textContent = text;
  node.hidden = text === "";
}

/**
 * A button that puts a text on the clipboard and says so.
 * @param {string} text
 * @param {string} what Named in the label, e.g. "prediction id".
 */
export function copyButton(text, what) {
  const label = el("span", { class: "unseen", "aria-live": "polite" }, `Copy ${what}`);
  const button = el("button", { type: "button", class: "icon-button", title: `Copy ${what}` }, icon("copy"), label);
  button.addEventListener("click", async () => {
    const copied = await copy(text);
    label.textContent = copied ? `${what} copied` : `${what} could not be copied`;
    button.replaceChild(icon(copied ? "done" : "clear"), button.firstChild);
    setTimeout(() => {
      label.textContent = `Copy ${what}`;
      button.replaceChild(icon("copy"), button.firstChild);
    }, 1600);
  });
  return button;
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // No permission, or not a secure context: the id can still be selected by hand.
  }
}

/** A pad to draw on with mouse, pen or finger: light strokes on a dark ground, as the digits of MNIST are. */

/** @typedef {{x: number, y: number}} Point In units of the pad's side, 0 to 1. */

const GROUND = "#000";
const INK = "#fff";
/** Width of a stroke as a part of the side; digits of MNIST are about 2.5 of 28 pixels thick. */
const STROKE = 0.09;

export class DrawPad {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange After every stroke, undo and clear.
   */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    /** @type {Point[][]} */
    this.strokes = [];
    /** @type {Point[]|null} */
    this.current = null;
    this.enabled = true;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#extend(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.#end());
    this.redraw();
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  undo() {
    this.strokes.pop();
    this.#changed();
  }

  clear() {
    this.strokes = [];
    this.#changed();
  }

  redraw() {
    paint(this.canvas, this.strokes);
  }

  /**
   * The drawing as a PNG.
   * @param {number} side in pixels
   * @returns {Promise<Blob>}
   */
  toPng(side) {
    const target = document.createElement("canvas");
    target.width = target.height = side;
    paint(target, this.strokes);
    return new Promise((resolve, reject) => {
      target.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the drawing cannot be encoded"))), "image/png");
    });
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (!this.enabled || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.current = [this.#point(event)];
    this.strokes.push(this.current);
    this.redraw();
  }

  /** @param {PointerEvent} event */
  #extend(event) {
    if (!this.current) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const part of events.length ? events : [event]) this.current.push(this.#point(part));
    this.redraw();
  }

  #end() {
    if (!this.current) return;
    this.current = null;
    this.#changed();
  }

  #changed() {
    this.redraw();
    this.onChange();
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Point[][]} strokes
 */
function paint(canvas, strokes) {
  const side = canvas.width;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = GROUND;
  context.fillRect(0, 0, side, side);
  context.strokeStyle = context.fillStyle = INK;
  context.lineWidth = side * STROKE;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) paintStroke(context, stroke, side);
}

/**
 * Curves through the middles between points, so that fast hands draw no corners.
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} stroke
 * @param {number} side
 */
function paintStroke(context, stroke, side) {
  const [first, ...rest] = stroke.map(({ x, y }) => ({ x: x * side, y: y * side }));
  context.beginPath();
  context.moveTo(first.x, first.y);
  rest.forEach((point, index) => {
    const next = rest[index + 1] ?? point;
    context.quadraticCurveTo(point.x, point.y, (point.x + next.x) / 2, (point.y + next.y) / 2);
  });
  if (rest.length === 0) context.lineTo(first.x, first.y);
  context.stroke();
}

/** The live list: newest on top, so many and no more, drawn a few times a second, in one frame each. */

import { byId, el, say } from "./dom.js";
import { Feed } from "./feed.js";
import { plural } from "./format.js";
import { liveRow } from "./live_row.js";

/** @typedef {import("./types.js").QualityRecord} QualityRecord */

const MOST_ROWS = 50;
/** More new rows than this in one frame come without the highlight that helps to see a single one. */
const FEW = 3;
const TYPING_PAUSE_MS = 350;
/** Between two drawings: layout and paint of a row cost far more than its script, and nobody reads faster. */
const BETWEEN_DRAWINGS_MS = 200;

export class LiveList {
  constructor() {
    /** @type {Map<string, QualityRecord>} What is on the page, or will be after the next frame. */
    this.records = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    /** @type {Set<string>} Records whose row is to be drawn again. */
    this.changed = new Set();
    /** @type {Set<string>} */
    this.own = new Set();
    this.paused = false;
    this.filled = false;
    this.missed = 0;
    this.scheduled = false;
    this.drawnAt = -BETWEEN_DRAWINGS_MS;
    /** @type {Feed|null} */
    this.feed = null;
  }

  start() {
    byId("live-pause").addEventListener("click", () => this.#pause(!this.paused));
    byId("live-model").addEventListener("change", () => this.#follow());
    let timer = 0;
    byId("live-consumer").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#follow(), TYPING_PAUSE_MS);
    });
    byId("live-filters").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    this.#follow();
  }

  /** @param {string[]} names */
  offerModels(names) {
    byId("live-model").append(...names.map((name) => el("option", { value: name }, name)));
  }

  /**
   * This page asked for this one.
   * @param {string} predictionId
   */
  markOwn(predictionId) {
    this.own.add(predictionId);
    if (this.records.has(predictionId)) this.changed.add(predictionId);
    this.#drawSoon();
  }

  /** Begins anew with the filter as it stands. */
  #follow() {
    this.feed?.close();
    this.records.clear();
    this.changed.clear();
    this.missed = 0;
    this.filled = false;
    say(byId("live-notice"), "");
    this.feed = new Feed(
      { model: byId("live-model").value, consumer: byId("live-consumer").value.trim() },
      {
        onRecords: (records) => this.#take(records),
        onMissed: (count) => this.#miss(count),
        onState: (state) => showState(state),
      },
    );
    this.#drawSoon();
  }

  /** @param {QualityRecord[]} records */
  #take(records) {
    for (const record of records) {
      this.records.set(record.prediction_id, record);
      this.changed.add(record.prediction_id);
    }
    if (this.records.size > MOST_ROWS) this.#forgetOldest();
    this.#drawSoon();
  }

  #forgetOldest() {
    const newest = [...this.records.values()].sort(byStart).slice(0, MOST_ROWS);
    this.records = new Map(newest.map((record) => [record.prediction_id, record]));
    for (const id of this.changed) if (!this.records.has(id)) this.changed.delete(id);
  }

  /** @param {number} count */
  #miss(count) {
    this.missed += count;
    say(byId("live-notice"), `${plural(this.missed, "record")} passed too fast to be shown here. They are stored all the same.`);
  }

  /** @param {boolean} paused */
  #pause(paused) {
    this.paused = paused;
    byId("live-pause").setAttribute("aria-pressed", String(paused));
    byId("live-pause").textContent = paused ? "Resume" : "Pause";
    this.#drawSoon();
  }

  #drawSoon() {
    if (this.scheduled) return;
    this.scheduled = true;
    const wait = Math.max(0, this.drawnAt + BETWEEN_DRAWINGS_MS - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.#draw()), wait);
  }

  #draw() {
    this.scheduled = false;
    this.drawnAt = performance.now();
    if (this.paused) {
      const waiting = [...this.changed].filter((id) => !this.rows.has(id)).length;
      byId("live-pause").textContent = waiting ? `Resume (${waiting === MOST_ROWS ? `${MOST_ROWS}+` : waiting})` : "Resume";
      return;
    }
    const fresh = [...this.changed].filter((id) => !this.rows.has(id));
    const highlight = this.filled && fresh.length <= FEW;
    for (const id of this.changed) this.#redraw(id, highlight);
    this.changed.clear();
    this.filled ||= this.records.size > 0;
    this.#arrange();
    byId("live-empty").hidden = this.records.size > 0;
  }

  /**
   * @param {string} id
   * @param {boolean} highlight
   */
  #redraw(id, highlight) {
    const row = liveRow(/** @type {QualityRecord} */ (this.records.get(id)), this.own.has(id));
    const before = this.rows.get(id);
    if (before) {
      const focused = before.contains(document.activeElement);
      before.replaceWith(row);
      if (focused) row.querySelector("a")?.focus();
    } else row.classList.toggle("fresh", highlight);
    this.rows.set(id, row);
  }

  /** Puts the rows in order and takes away what is no longer there; rows in place are not touched. */
  #arrange() {
    for (const [id, row] of this.rows) {
      if (!this.records.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    }
    const list = byId("live-rows");
    let next = list.firstChild;
    for (const record of [...this.records.values()].sort(byStart)) {
      const row = /** @type {HTMLElement} */ (this.rows.get(record.prediction_id));
      if (row === next) next = next.nextSibling;
      else list.insertBefore(row, next);
    }
  }
}

/**
 * Newest first.
 * @param {QualityRecord} a
 * @param {QualityRecord} b
 */
function byStart(a, b) {
  return Date.parse(b.started_at) - Date.parse(a.started_at);
}

/** @param {import("./feed.js").FeedState} state */
function showState(state) {
  const node = byId("live-state");
  if (node.dataset.state === state) return;
  node.dataset.state = state;
  node.textContent = state;
}

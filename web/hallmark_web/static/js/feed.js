/** Follows the records: the last ones first, then each as it is stored, across lost connections. */

import { listRecords, watchUrl } from "./api.js";

/**
 * @typedef {import("./types.js").QualityRecord} QualityRecord
 * @typedef {"connecting"|"live"|"reconnecting"} FeedState
 * @typedef {object} FeedHandlers
 * @property {(records: QualityRecord[]) => void} onRecords
 * @property {(count: number) => void} onMissed
 * @property {(state: FeedState) => void} onState
 */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;

export class Feed {
  /**
   * @param {{model: string, consumer: string}} filter
   * @param {FeedHandlers} handlers
   */
  constructor(filter, handlers) {
    this.filter = filter;
    this.handlers = handlers;
    this.closed = false;
    this.retryMs = FIRST_RETRY_MS;
    handlers.onState("connecting");
    this.#catchUp();
    this.#open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.source?.close();
  }

  #open() {
    const source = new EventSource(watchUrl(this.filter));
    this.source = source;
    source.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      this.handlers.onState("live");
      this.#catchUp();
    };
    source.addEventListener("record", (event) => this.handlers.onRecords([JSON.parse(event.data)]));
    source.addEventListener("missed", (event) => this.handlers.onMissed(Number(JSON.parse(event.data).count)));
    source.onerror = () => this.#lost(source);
  }

  /**
   * EventSource gives up for good after an HTTP error, so the reconnecting is ours.
   * @param {EventSource} source
   */
  #lost(source) {
    source.close();
    if (this.closed) return;
    this.handlers.onState("reconnecting");
    this.timer = setTimeout(() => this.#open(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  /** Fills what was stored before the watch began; a record that comes twice is one row. */
  async #catchUp() {
    try {
      const records = await listRecords(this.filter);
      if (!this.closed) this.handlers.onRecords(records);
    } catch {
      // The watch shows the state of the connection and tries again.
    }
  }
}

/** A WebSocket whose server is the test. */
export class FakeSocket extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 3;
  /** @type {FakeSocket[]} in the order in which they were opened */
  static all = [];
  readyState = FakeSocket.CONNECTING;
  sent = [];

  constructor(url) {
    super();
    this.url = url;
    FakeSocket.all.push(this);
  }

  static get last() {
    return FakeSocket.all.at(-1);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code = 1000) {
    this.closeCode = code;
    this.ends(code);
  }

  // What the server does

  opens() {
    this.readyState = FakeSocket.OPEN;
  }

  says(...frames) {
    for (const frame of frames) this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frame) }));
  }

  ends(code, reason = "") {
    if (this.readyState === FakeSocket.CLOSED) return;
    this.readyState = FakeSocket.CLOSED;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }

  find(type) {
    return this.sent.find((command) => command.type === type);
  }

  acks(type, fields = {}) {
    this.says({ type: "ack", ref: this.find(type).ref, ...fields });
  }
}

// Stand-in for Stripe.js, served by the Stripe simulator. Speaks the part of its API that a card form needs: elements in
// frames of the simulator's origin, and createPaymentMethod. Card data never enter this page.
(() => {
  "use strict";
  const ORIGIN = new URL(document.currentScript.src).origin;
  const TITLES = { card: "card", cardNumber: "card number", cardExpiry: "card expiry", cardCvc: "card security code" };
  const READY_TIMEOUT_MS = 15000;
  const TOKEN_TIMEOUT_MS = 60000;
  const id = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

  class Element {
    constructor(group, kind, options) {
      this._group = group;
      this._kind = kind;
      this._options = options || {};
      this._id = id();
      this._listeners = {};
      this._waiting = new Map();
      this._frame = null;
      this._onMessage = (event) => this._receive(event);
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!place) throw new Error(`The selector you specified (${target}) applies to no DOM elements that are currently on the page.`);
      this.unmount();
      const frame = document.createElement("iframe");
      frame.title = `Secure ${TITLES[this._kind]} input frame`;
      frame.allow = "payment *";
      frame.setAttribute("scrolling", "no");
      Object.assign(frame.style, { border: "0", width: "100%", height: "1.5em", display: "block", background: "transparent", colorScheme: "inherit" });
      const about = new URLSearchParams({ kind: this._kind, id: this._id, group: this._group, origin: location.origin });
      frame.src = `${ORIGIN}/stripe/js/field?kind=${this._kind}#${about}`;
      this._frame = frame;
      this._place = place;
      this._ready = new Promise((resolve, reject) => {
        this._isReady = resolve;
        setTimeout(() => reject(new Error("The card field did not load.")), READY_TIMEOUT_MS);
      });
      this._ready.catch(() => this._emit("loaderror", { error: { type: "api_connection_error", message: "The card field did not load." } }));
      window.addEventListener("message", this._onMessage);
      place.classList.add("StripeElement");
      place.replaceChildren(frame);
      return this;
    }

    unmount() {
      if (!this._frame) return this;
      window.removeEventListener("message", this._onMessage);
      this._frame.remove();
      this._frame = null;
      return this;
    }

    destroy() { this.unmount(); this._listeners = {}; return this; }
    on(name, listener) { (this._listeners[name] ||= []).push(listener); return this; }
    off(name, listener) { this._listeners[name] = (this._listeners[name] || []).filter((l) => listener && l !== listener); return this; }
    focus() { this._frame?.focus(); this._send({ type: "focus" }); return this; }
    blur() { this._send({ type: "blur" }); return this; }
    clear() { this._send({ type: "clear" }); return this; }
    update(options) { Object.assign(this._options, options); this._send(this._look()); return this; }

    _emit(name, event) { for (const listener of this._listeners[name] || []) listener(event); }
    _send(message) { this._frame?.contentWindow?.postMessage({ ...message, to: this._id }, ORIGIN); }

    _look() {
      const scheme = getComputedStyle(this._place).colorScheme;
      const { style, placeholder, ariaLabel, disabled } = this._options;
      return { type: "look", style: style || {}, placeholder, ariaLabel, disabled: !!disabled, scheme: scheme === "normal" ? "light" : scheme };
    }

    _receive(event) {
      if (event.origin !== ORIGIN || !this._frame || event.source !== this._frame.contentWindow) return;
      const message = event.data || {};
      if (message.from !== this._id) return;
      const about = { elementType: this._kind };
      switch (message.type) {
        case "ready": this._send(this._look()); this._isReady(); this._emit("ready", about); break;
        case "height": this._frame.style.height = `${message.height}px`; break;
        case "focus": this._place.classList.add("StripeElement--focus"); this._emit("focus", about); break;
        case "blur": this._place.classList.remove("StripeElement--focus"); this._emit("blur", about); break;
        case "change":
          this._place.classList.toggle("StripeElement--invalid", !!message.error);
          this._place.classList.toggle("StripeElement--complete", message.complete);
          this._place.classList.toggle("StripeElement--empty", message.empty);
          this._emit("change", { ...about, empty: message.empty, complete: message.complete, error: message.error, brand: message.brand });
          break;
        case "token": this._waiting.get(message.nonce)?.(message.result); this._waiting.delete(message.nonce); break;
      }
    }

    async _token(key, billing_details, metadata) {
      try { await this._ready; } catch (error) { return { error: { type: "api_connection_error", message: error.message } }; }
      const nonce = id();
      return new Promise((resolve) => {
        this._waiting.set(nonce, resolve);
        setTimeout(() => resolve({ error: { type: "api_connection_error", message: "The card could not be sent. Check your connection and try again." } }), TOKEN_TIMEOUT_MS);
        this._send({ type: "token", nonce, key, billing_details: billing_details || {}, metadata: metadata || {} });
      });
    }
  }

  const elements = () => {
    const group = id();
    const made = {};
    return {
      create(kind, options) {
        if (!TITLES[kind]) throw new Error(`A valid Element type must be provided. You specified: ${kind}.`);
        return (made[kind] = new Element(group, kind, options));
      },
      getElement: (kind) => made[kind] || null,
      update() {},
    };
  };

  window.Stripe = (key) => {
    if (!/^pk_/.test(key || "")) throw new Error("Please call Stripe() with your publishable key.");
    return {
      elements,
      async createPaymentMethod({ type, card, billing_details, metadata }) {
        if (type !== "card" || !(card instanceof Element)) {
          return { error: { type: "invalid_request_error", message: "createPaymentMethod needs type 'card' and a card element." } };
        }
        return card._token(key, billing_details, metadata);
      },
    };
  };
  window.Stripe.version = 3;
})();

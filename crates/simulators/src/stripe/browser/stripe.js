// Stand-in for Stripe.js, served by the Stripe simulator. Speaks the part of its API that card and bank forms need, with the
// signatures of @stripe/stripe-js 10.2.1: elements in frames of the simulator's origin, createPaymentMethod, confirm…Payment,
// confirm…Setup, handleNextAction. Card data never enter this page; calls go out from a hidden frame of that origin.
(() => {
  "use strict";
  const ORIGIN = new URL(document.currentScript.src).origin;
  const TITLES = { card: "card", cardNumber: "card number", cardExpiry: "card expiry", cardCvc: "card security code", auBankAccount: "bank account", controller: "controller" };
  const CHALLENGE_LOOK_MS = 500;
  const READY_TIMEOUT_MS = 15000;
  const ANSWER_TIMEOUT_MS = 60000;
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
          this._emit("change", { ...about, empty: message.empty, complete: message.complete, error: message.error, brand: message.brand, bankName: message.bankName, branchName: message.branchName });
          break;
        case "token": this._waiting.get(message.nonce)?.(message.result); this._waiting.delete(message.nonce); break;
      }
    }

    /** One question to the frame, answered by a message with the same nonce. */
    async _ask(message) {
      const failed = (text) => ({ error: { type: "api_connection_error", message: text } });
      try { await this._ready; } catch (error) { return failed(error.message); }
      const nonce = id();
      return new Promise((resolve) => {
        this._waiting.set(nonce, resolve);
        setTimeout(() => resolve(failed("The details could not be sent. Check your connection and try again.")), ANSWER_TIMEOUT_MS);
        this._send({ ...message, nonce });
      });
    }
  }

  const elements = () => {
    const group = id();
    const made = {};
    return {
      create(kind, options) {
        if (!TITLES[kind] || kind === "controller") throw new Error(`A valid Element type must be provided. You specified: ${kind}.`);
        return (made[kind] = new Element(group, kind, options));
      },
      getElement: (kind) => made[kind] || null,
      update() {},
    };
  };

  /** The hidden frame that calls the API, made on first use. */
  let controller;
  const call = async (method, path, params, key) => {
    if (!controller) {
      const place = document.createElement("div");
      place.hidden = true;
      document.body.append(place);
      controller = new Element(id(), "controller").mount(place);
    }
    const { status, json, error } = await controller._ask({ type: "call", method, path, params, key });
    return status === 200 ? { object: json } : { error: error || json.error };
  };

  /** Shows the bank's challenge over the page until the intent waits for it no more. */
  const challenge = (url, waiting) => new Promise((resolve) => {
    const cover = document.createElement("div"), frame = document.createElement("iframe");
    Object.assign(cover.style, { position: "fixed", inset: "0", zIndex: "2147483647", background: "rgba(0,0,0,.6)", display: "grid", placeItems: "center" });
    Object.assign(frame.style, { border: "0", width: "min(30rem, 100%)", height: "min(34rem, 100%)", background: "#fff" });
    frame.title = "Confirmation by your bank";
    frame.src = url;
    cover.append(frame);
    document.body.append(cover);
    const look = setInterval(async () => {
      if (await waiting()) return;
      clearInterval(look);
      cover.remove();
      resolve();
    }, CHALLENGE_LOOK_MS);
  });

  const stripe = (key) => {
    const wrong = (message) => ({ error: { type: "invalid_request_error", message } });

    const createPaymentMethod = async ({ type, card, us_bank_account, au_becs_debit, billing_details, metadata } = {}) => {
      const element = { card, au_becs_debit }[type];
      if (element instanceof Element) {
        return element._ask({ type: "token", key, billing_details: billing_details || {}, metadata: metadata || {} });
      }
      if (type === "card") return wrong("createPaymentMethod needs a card element with type 'card'.");
      const { object, error } = await call("POST", "payment_methods", { type, us_bank_account, au_becs_debit, billing_details, metadata }, key);
      return error ? { error } : { paymentMethod: object };
    };

    /** A client secret names its intent: "pi_…_secret_…" or "seti_…_secret_…". */
    const intentOf = (clientSecret) => {
      const id = String(clientSecret || "").split("_secret_")[0];
      const setup = id.startsWith("seti_");
      if (!setup && !id.startsWith("pi_")) throw new Error("Invalid value for clientSecret: it should be the client_secret of an intent.");
      return { path: `${setup ? "setup" : "payment"}_intents/${id}`, member: setup ? "setupIntent" : "paymentIntent" };
    };

    const retrieve = async (clientSecret) => {
      const { path, member } = intentOf(clientSecret);
      const { object, error } = await call("GET", path, { client_secret: clientSecret }, key);
      return error ? { error } : { [member]: object };
    };

    const handleNextAction = async ({ clientSecret }) => {
      const { member } = intentOf(clientSecret);
      const before = await retrieve(clientSecret);
      const redirect = before[member]?.status === "requires_action" && before[member].next_action?.redirect_to_url;
      if (before.error || !redirect) return before;
      if (redirect.return_url) {
        location.assign(redirect.url);
        return new Promise(() => {});
      }
      await challenge(redirect.url, async () => (await retrieve(clientSecret))[member]?.status === "requires_action");
      const after = await retrieve(clientSecret);
      const error = after[member]?.last_payment_error || after[member]?.last_setup_error;
      return error && after[member].status === "requires_payment_method" ? { error } : after;
    };

    /** confirm…Payment and confirm…Setup: `payment_method` is an id, or what to make one of. */
    const confirm = (type, setup) => async (clientSecret, data = {}, options = {}) => {
      const { path, member } = intentOf(clientSecret);
      if (setup !== (member === "setupIntent")) throw new Error(`Invalid value for clientSecret: a ${setup ? "SetupIntent" : "PaymentIntent"}'s is needed.`);
      const { payment_method, ...params } = data;
      if (typeof payment_method === "string") params.payment_method = payment_method;
      else if (payment_method) {
        const made = await createPaymentMethod({ ...payment_method, type });
        if (made.error) return { error: made.error };
        params.payment_method = made.paymentMethod.id;
      }
      if (type !== "card") params.mandate_data ||= { customer_acceptance: { type: "online", online: { infer_from_client: true } } };
      const { object, error } = await call("POST", `${path}/confirm`, { ...params, client_secret: clientSecret }, key);
      if (error) return { error };
      const acts = type === "card" && object.status === "requires_action" && options.handleActions !== false;
      return acts ? handleNextAction({ clientSecret }) : { [member]: object };
    };

    const verify = async (clientSecret, { amounts, descriptor_code } = {}) => {
      const { path, member } = intentOf(clientSecret);
      const { object, error } = await call("POST", `${path}/verify_microdeposits`, { amounts, descriptor_code, client_secret: clientSecret }, key);
      return error ? { error } : { [member]: object };
    };

    return {
      elements,
      createPaymentMethod,
      confirmCardPayment: confirm("card", false),
      confirmCardSetup: confirm("card", true),
      confirmUsBankAccountPayment: confirm("us_bank_account", false),
      confirmUsBankAccountSetup: confirm("us_bank_account", true),
      confirmAuBecsDebitPayment: confirm("au_becs_debit", false),
      confirmAuBecsDebitSetup: confirm("au_becs_debit", true),
      verifyMicrodepositsForPayment: verify,
      verifyMicrodepositsForSetup: verify,
      retrievePaymentIntent: retrieve,
      retrieveSetupIntent: retrieve,
      handleNextAction,
    };
  };

  window.Stripe = (key) => {
    if (!/^pk_/.test(key || "")) throw new Error("Please call Stripe() with your publishable key.");
    return stripe(key);
  };
  window.Stripe.version = 3;
})();

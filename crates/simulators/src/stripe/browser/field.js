// One hosted field, within a frame of the simulator's origin. Talks to the page that embeds it by checked messages, and
// to its sister frames (same origin, same group) directly, so that card data stay on this origin.
"use strict";
(() => {
  const about = new URLSearchParams(location.hash.slice(1));
  const kind = about.get("kind"), me = about.get("id"), group = about.get("group"), embedder = about.get("origin");
  const PARTS = {
    card: ["number", "expiry", "cvc"], cardNumber: ["number"], cardExpiry: ["expiry"], cardCvc: ["cvc"],
    auBankAccount: ["bsb", "account"],
  }[kind] || [];
  const FIELDS = {
    number: { label: "Card number", placeholder: "1234 1234 1234 1234", autocomplete: "cc-number", length: 23 },
    expiry: { label: "Expiry", placeholder: "MM / YY", autocomplete: "cc-exp", length: 9 },
    cvc: { label: "Security code", placeholder: "CVC", autocomplete: "cc-csc", length: 4 },
    bsb: { label: "BSB", placeholder: "BSB", autocomplete: "off", length: 7 },
    account: { label: "Account number", placeholder: "Account number", autocomplete: "off", length: 9 },
  };
  const digits = (text) => text.replace(/\D/g, "");
  const inputs = {};
  let style = {};

  const tell = (message) => parent.postMessage({ ...message, from: me }, embedder);

  const brandOf = (number) =>
    /^4/.test(number) ? "visa" : /^(5[1-5]|2[2-7])/.test(number) ? "mastercard" : /^3[47]/.test(number) ? "amex" : /^6/.test(number) ? "discover" : "unknown";

  const luhn = (number) => {
    let sum = 0;
    [...number].reverse().forEach((digit, place) => {
      const value = Number(digit) * (place % 2 ? 2 : 1);
      sum += value > 9 ? value - 9 : value;
    });
    return sum % 10 === 0;
  };

  const groupsOf = (number) => (brandOf(number) === "amex" ? [4, 6, 5] : [4, 4, 4, 4, 3]);

  const SHAPE = {
    number(text) {
      const number = digits(text).slice(0, 19), parts = [];
      let at = 0;
      for (const size of groupsOf(number)) { if (at < number.length) parts.push(number.slice(at, at + size)); at += size; }
      return parts.join(" ");
    },
    // "1234", "12/34" and "12 / 34" alike; a lone 2 to 9 can only be a month.
    expiry(text) {
      let value = digits(text);
      if (/^[2-9]$/.test(value) || /^\d\s*\//.test(text)) value = `0${value}`;
      value = value.length === 6 && value.slice(2, 4) === "20" ? value.slice(0, 2) + value.slice(4) : value.slice(0, 4);
      return value.length > 2 ? `${value.slice(0, 2)} / ${value.slice(2)}` : value;
    },
    cvc: (text) => digits(text).slice(0, 4),
    bsb: (text) => digits(text).slice(0, 6).replace(/^(\d{3})(?=\d)/, "$1-"),
    account: (text) => digits(text).slice(0, 9),
  };

  const wrong = (code, message) => ({ type: "validation_error", code, message });

  /** undefined when the part is complete; `soft` problems are not shown while the payer still types. */
  const CHECK = {
    number(text) {
      const number = digits(text), full = brandOf(number) === "amex" ? 15 : 16;
      if (number.length < full) return { ...wrong("incomplete_number", "Your card number is incomplete."), soft: true };
      return luhn(number) ? undefined : wrong("invalid_number", "Your card number is invalid.");
    },
    expiry(text) {
      const value = digits(text);
      if (value.length < 4) return { ...wrong("incomplete_expiry", "Your card's expiration date is incomplete."), soft: true };
      const month = Number(value.slice(0, 2)), year = 2000 + Number(value.slice(2)), now = new Date();
      if (month < 1 || month > 12) return wrong("invalid_expiry_month", "Your card's expiration month is invalid.");
      const past = year < now.getFullYear() || (year === now.getFullYear() && month < now.getMonth() + 1);
      return past ? wrong("invalid_expiry_year_past", "Your card's expiration year is in the past.") : undefined;
    },
    bsb(text) {
      return digits(text).length === 6 ? undefined : { ...wrong("incomplete_au_bsb", "Your BSB is incomplete."), soft: true };
    },
    account(text) {
      return digits(text).length >= 5 ? undefined : { ...wrong("incomplete_au_account_number", "Your account number is incomplete."), soft: true };
    },
    cvc(text) {
      return digits(text).length >= 3 ? undefined : { ...wrong("incomplete_cvc", "Your card's security code is incomplete."), soft: true };
    },
  };

  const problem = (hard) => {
    for (const part of PARTS) {
      const found = CHECK[part](inputs[part].value);
      if (found && (hard || !found.soft)) return wrong(found.code, found.message);
    }
  };

  const changed = () => {
    const error = problem(false);
    for (const part of PARTS) {
      const found = CHECK[part](inputs[part].value);
      const bad = !!found && !found.soft;
      inputs[part].setAttribute("aria-invalid", String(bad));
      inputs[part].style.color = bad ? (style.invalid && style.invalid.color) || "" : "";
    }
    const complete = !problem(true), empty = PARTS.every((part) => !inputs[part].value);
    const brand = inputs.number ? brandOf(digits(inputs.number.value)) : undefined;
    // The test BSB is the only one that the simulator knows.
    const bank = inputs.bsb && digits(inputs.bsb.value) === "000000" ? { bankName: "Stripe Test Bank", branchName: "Test Branch" } : {};
    tell({ type: "change", complete, empty, error, brand, ...bank });
  };

  const look = (message) => {
    style = message.style || {};
    const base = style.base || {}, root = document.documentElement.style;
    root.colorScheme = message.scheme || "light dark";
    for (const name of ["color", "fontSize", "fontFamily", "fontWeight", "letterSpacing", "lineHeight"]) {
      if (base[name]) document.body.style[name] = base[name];
    }
    const faded = base["::placeholder"] || {};
    if (faded.color) root.setProperty("--placeholder", faded.color);
    for (const part of PARTS) {
      if (message.placeholder !== undefined && PARTS.length === 1) inputs[part].placeholder = message.placeholder;
      if (message.ariaLabel && PARTS.length === 1) inputs[part].setAttribute("aria-label", message.ariaLabel);
      inputs[part].disabled = message.disabled;
    }
    tell({ type: "height", height: Math.ceil(parseFloat(getComputedStyle(document.body).fontSize) * 1.5) });
  };

  /** The values of this group's frames: sisters of one origin may look at each other, the embedding page may not. */
  const gather = () => {
    const values = {};
    for (let at = 0; at < parent.length; at += 1) {
      try {
        const sister = parent[at].hostedField;
        if (sister && sister.group === group) Object.assign(values, sister.values());
      } catch { /* a frame of another origin */ }
    }
    return values;
  };

  const token = async ({ nonce, key, billing_details, metadata }) => {
    const answer = (result) => tell({ type: "token", nonce, result });
    const bank = kind === "auBankAccount", parts = bank ? PARTS : ["number", "expiry", "cvc"];
    // A debit's two parts stand in one field; a card's may stand in three.
    const values = bank ? window.hostedField.values() : gather();
    for (const part of parts) {
      const found = CHECK[part](values[part] || "");
      if (found) return answer({ error: wrong(found.code, found.message) });
    }
    const expiry = digits(values.expiry || "");
    const details = bank
      ? { type: "au_becs_debit", au_becs_debit: { bsb_number: digits(values.bsb), account_number: digits(values.account) } }
      : { type: "card", card: { number: digits(values.number), exp_month: expiry.slice(0, 2), exp_year: `20${expiry.slice(2)}`, cvc: values.cvc } };
    const { status, json } = await call("POST", "payment_methods", { ...details, billing_details, metadata }, key);
    return answer(status === 200 ? { paymentMethod: json } : { error: json.error });
  };

  /** Nested values as Stripe's bracketed pairs; what is empty is left out. */
  const pairs = (value, name, into) => {
    if (value && typeof value === "object") for (const [inner, leaf] of Object.entries(value)) pairs(leaf, name ? `${name}[${inner}]` : inner, into);
    else if (value !== undefined && value !== null && value !== "") into.append(name, value);
    return into;
  };

  /** One call of the API with the publishable key; the address is this frame's origin, so it needs nobody's leave. */
  const call = async (method, path, params, key) => {
    const body = pairs(params, "", new URLSearchParams());
    const get = method === "GET";
    try {
      const response = await fetch(`/stripe/v1/${path}${get ? `?${body}` : ""}`, { method, headers: { Authorization: `Bearer ${key}` }, body: get ? undefined : body });
      return { status: response.status, json: await response.json() };
    } catch {
      return { status: 0, json: { error: { type: "api_connection_error", message: "The request could not be sent. Check your connection and try again." } } };
    }
  };

  const build = () => {
    const place = document.getElementById("fields");
    place.className = kind;
    for (const part of PARTS) {
      const { label, placeholder, autocomplete, length } = FIELDS[part];
      const input = document.createElement("input");
      Object.assign(input, { type: "text", inputMode: "numeric", autocomplete, placeholder, maxLength: length, name: part, spellcheck: false });
      input.dataset.part = part;
      input.setAttribute("aria-label", label);
      input.addEventListener("input", () => {
        const atEnd = input.selectionStart === input.value.length;
        const shaped = SHAPE[part](input.value);
        // Reshape while typing at the end only: the caret must not jump in the middle of a correction.
        if (atEnd && shaped !== input.value) input.value = shaped;
        changed();
      });
      input.addEventListener("blur", () => { input.value = SHAPE[part](input.value); changed(); });
      input.addEventListener("focus", () => tell({ type: "focus" }));
      input.addEventListener("blur", () => tell({ type: "blur" }));
      place.append(input);
      inputs[part] = input;
    }
  };

  window.hostedField = { group, values: () => Object.fromEntries(PARTS.map((part) => [part, inputs[part].value])) };
  window.addEventListener("message", (event) => {
    if (event.source !== parent || event.origin !== embedder || event.data?.to !== me) return;
    switch (event.data.type) {
      case "look": look(event.data); break;
      case "focus": inputs[PARTS[0]]?.focus(); break;
      case "blur": document.activeElement?.blur(); break;
      case "clear": for (const part of PARTS) inputs[part].value = ""; changed(); break;
      case "token": token(event.data); break;
      case "call": {
        const { nonce, method, path, params, key } = event.data;
        call(method, path, params, key).then((result) => tell({ type: "token", nonce, result }));
        break;
      }
    }
  });
  build();
  tell({ type: "ready" });
})();

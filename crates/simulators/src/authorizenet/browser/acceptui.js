// Stand-in for AcceptUI.js, served by the Authorize.Net simulator: the first button of class AcceptUI opens the vendor's
// own form in a frame of the simulator's origin, and the response handler that the button names is called with the nonce.
// What is typed never enters the merchant's page. Like the vendor's (as copies of it in public repositories show): it
// starts when the document is complete and not before, keeps a hidden frame ready, hides it by a style that it writes into
// the page, listens to touch alone where there is touch, tells nobody when the form is closed, and leaves the focus alone.
(() => {
  "use strict";
  const ORIGIN = new URL(document.currentScript.src).origin;
  let button, overlay, frame;

  const options = (text) => { try { return JSON.parse(text || "{}"); } catch { return {}; } };

  const address = () => {
    // HTML lowers the names of attributes: data-apiLoginID is read as apiloginid.
    const data = button.dataset, methods = options(data.paymentoptions), billing = options(data.billingaddressoptions);
    const about = new URLSearchParams({
      origin: location.origin, login: data.apiloginid || "", key: data.clientkey || "",
      button: data.acceptuiformbtntxt || "Pay", title: data.acceptuiformheadertxt || "Card Information",
      card: methods.showCreditCard === false ? "" : "1", bank: methods.showBankAccount ? "1" : "",
      code: methods.cardCodeRequired ? "1" : "", address: billing.show === false ? "" : "1", required: billing.required ? "1" : "",
    });
    return `${ORIGIN}/authorizenet/acceptui/form#${about}`;
  };

  const block = (id, style) => {
    const made = document.createElement("div");
    made.id = id;
    Object.assign(made.style, style);
    document.body.append(made);
    return made;
  };

  const ready = () => {
    overlay?.remove();
    frame?.parentNode.remove();
    overlay = block("AcceptUIBackground", { position: "fixed", inset: "0", zIndex: "999998", background: "#000", opacity: ".6" });
    const box = block("AcceptUIContainer", { position: "fixed", inset: "0", zIndex: "999999", margin: "auto", width: "min(440px, 100%)", height: "min(680px, 100%)" });
    frame = document.createElement("iframe");
    frame.src = address();
    Object.assign(frame.style, { border: "0", width: "100%", height: "100%", borderRadius: "16px", background: "#fff", colorScheme: "light" });
    box.append(frame);
  };

  const show = () => { overlay.className = frame.parentNode.className = "show"; };

  const start = () => {
    button = document.getElementsByClassName("AcceptUI")[0];
    if (!button) return;
    button.addEventListener("ontouchstart" in window ? "touchend" : "click", show);
    const style = document.createElement("style");
    style.textContent = "#AcceptUIContainer, #AcceptUIBackground { visibility: hidden } #AcceptUIContainer.show, #AcceptUIBackground.show { visibility: visible }";
    document.head.append(style);
    ready();
  };

  window.addEventListener("message", (event) => {
    if (event.origin !== ORIGIN || event.source !== frame?.contentWindow) return;
    const { type, response, height } = event.data || {};
    if (type === "acceptui:height") frame.parentNode.style.height = `min(${height}px, 100%)`;
    if (type === "acceptui:response") window[button.dataset.responsehandler]?.(response);
    if (type === "acceptui:response" || type === "acceptui:close") ready();
  });
  if (document.readyState === "complete") start();
  else document.addEventListener("readystatechange", () => document.readyState === "complete" && start());
})();

// Stand-in for AcceptUI.js, served by the Authorize.Net simulator: a button of class AcceptUI opens the vendor's own form
// in a frame of the simulator's origin, and the response handler that the button names is called with the nonce. What is
// typed never enters the merchant's page.
(() => {
  "use strict";
  const ORIGIN = new URL(document.currentScript.src).origin;
  let open = null;

  const close = () => {
    open?.overlay.remove();
    open?.button.focus?.();
    open = null;
  };

  const options = (text) => { try { return JSON.parse(text || "{}"); } catch { return {}; } };

  const show = (button) => {
    if (open) return;
    // HTML lowers the names of attributes: data-apiLoginID is read as apiloginid.
    const data = button.dataset, methods = options(data.paymentoptions), address = options(data.billingaddressoptions);
    const about = new URLSearchParams({
      origin: location.origin, login: data.apiloginid || "", key: data.clientkey || "",
      button: data.acceptuiformbtntxt || "Pay", title: data.acceptuiformheadertxt || "Card Information",
      card: methods.showCreditCard === false ? "" : "1", bank: methods.showBankAccount ? "1" : "",
      code: methods.cardCodeRequired ? "1" : "", address: address.show === false ? "" : "1", required: address.required ? "1" : "",
    });
    const overlay = document.createElement("div"), frame = document.createElement("iframe");
    overlay.id = "AcceptUIBackground";
    Object.assign(overlay.style, { position: "fixed", inset: "0", zIndex: "2147483000", background: "rgb(0 0 0 / .55)", display: "grid", placeItems: "center", overflow: "auto" });
    frame.id = "AcceptUIContainer";
    frame.title = "Secure payment form";
    frame.allow = "payment *";
    frame.src = `${ORIGIN}/authorizenet/acceptui/form#${about}`;
    Object.assign(frame.style, { border: "0", width: "min(440px, 100%)", height: "min(680px, 100%)", borderRadius: "16px", background: "#fff", colorScheme: "light" });
    overlay.append(frame);
    document.body.append(overlay);
    open = { overlay, frame, button, handler: data.responsehandler };
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".AcceptUI");
    if (button) { event.preventDefault(); show(button); }
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  window.addEventListener("message", (event) => {
    if (!open || event.origin !== ORIGIN || event.source !== open.frame.contentWindow) return;
    const { type, response, height } = event.data || {};
    if (type === "acceptui:height") open.frame.style.height = `min(${height}px, 100%)`;
    if (type === "acceptui:close") close();
    if (type === "acceptui:response") {
      const handler = window[open.handler];
      close();
      handler?.(response);
    }
  });
})();

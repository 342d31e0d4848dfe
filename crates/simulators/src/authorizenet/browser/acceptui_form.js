// The vendor-hosted form, within a frame of the simulator's origin: makes the nonce with Accept.js and hands it to the page
// that opened it, and to no other.
"use strict";
(() => {
  const about = new URLSearchParams(location.hash.slice(1));
  const field = (id) => document.getElementById(id), value = (id) => field(id).value.trim();
  const tell = (message) => parent.postMessage(message, about.get("origin"));
  const method = () => document.querySelector("input[name=method]:checked").value;

  field("title").textContent = about.get("title");
  field("submit").textContent = about.get("button");
  field("choice").hidden = !(about.get("card") && about.get("bank"));
  if (!about.get("card")) document.querySelector("input[value=bank]").checked = true;
  field("address").hidden = !about.get("address");

  const fail = (texts) => {
    field("errors").textContent = texts.join(". ");
    field("errors").hidden = false;
    field("submit").disabled = false;
  };

  const customer = () => Object.fromEntries(["firstName", "lastName", "zip"].map((id) => [id, value(id)]).filter(([, text]) => text));

  field("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (field("submit").disabled) return;
    if (about.get("required") && ["firstName", "lastName", "zip"].some((id) => !value(id))) return fail(["Please fill in the billing address"]);
    if (method() === "card" && about.get("code") && !value("cardCode")) return fail(["Please provide valid CVV"]);
    field("submit").disabled = true;
    field("errors").hidden = true;
    const secureData = { authData: { clientKey: about.get("key"), apiLoginID: about.get("login") } };
    const expiry = value("expiry").replace(/\D/g, ""), number = value("cardNumber").replace(/\D/g, "");
    if (method() === "card") {
      secureData.cardData = { cardNumber: number, month: expiry.slice(0, 2), year: expiry.slice(2), cardCode: value("cardCode"), zip: value("zip") };
    } else {
      secureData.bankData = Object.fromEntries(["accountNumber", "routingNumber", "nameOnAccount", "accountType"].map((id) => [id, value(id)]));
    }
    Accept.dispatchData(secureData, (response) => {
      if (response.messages.resultCode !== "Ok") return fail(response.messages.message.map((message) => message.text));
      response.customerInformation = customer();
      if (method() === "card") {
        response.encryptedCardData = { cardNumber: `XXXXXXXXXXXX${number.slice(-4)}`, expDate: `${expiry.slice(0, 2)}/${expiry.slice(-2)}`, bin: number.slice(0, 6) };
      }
      tell({ type: "acceptui:response", response });
    });
  });
  field("cancel").addEventListener("click", () => tell({ type: "acceptui:close" }));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tell({ type: "acceptui:close" }); });
  const height = () => tell({ type: "acceptui:height", height: document.documentElement.scrollHeight });
  document.querySelectorAll("input[name=method]").forEach((radio) => radio.addEventListener("change", height));
  height();
})();

// Stand-in for Accept.js, served by the Authorize.Net simulator: turns card or bank data that a page of the merchant
// holds into a nonce, with the vendor's own call and the vendor's own messages. Works without anything of the portal.
(() => {
  "use strict";
  const ORIGIN = new URL(document.currentScript.src).origin;
  const TEXTS = {
    I_WC_01: "Successful.", E_WC_03: "Accept.js is not loaded correctly", E_WC_04: "Please provide mandatory field to library",
    E_WC_05: "Please provide valid credit card number", E_WC_06: "Please provide valid expiration month",
    E_WC_07: "Please provide valid expiration year", E_WC_08: "Expiration date must be in the future",
    E_WC_10: "Please provide valid apiLoginID", E_WC_14: "Accept.js encryption failed", E_WC_15: "Please provide valid CVV",
    E_WC_16: "Please provide valid ZIP code", E_WC_17: "Please provide valid card holder name", E_WC_18: "Client Key is required",
    E_WC_19: "An error occurred during processing. Please try again",
    E_WC_21: "User authentication failed due to invalid authentication values.",
    E_WC_23: "Please provide either card information or bank information", E_WC_24: "Please provide valid account number",
    E_WC_25: "Please provide valid routing number", E_WC_26: "Please provide valid account holder name",
    E_WC_27: "Please provide valid account type",
  };
  const messages = (codes, result) => ({ resultCode: result, message: codes.map((code) => ({ code, text: TEXTS[code] })) });
  const digits = (text) => String(text ?? "").replace(/[\s-]/g, "");

  const luhn = (number) => {
    let sum = 0;
    [...number].reverse().forEach((digit, place) => {
      const value = Number(digit) * (place % 2 ? 2 : 1);
      sum += value > 9 ? value - 9 : value;
    });
    return sum % 10 === 0;
  };

  const wrongCard = (card) => {
    const number = digits(card.cardNumber), month = Number(card.month), year = Number(card.year), wrong = [];
    if (!/^\d{13,19}$/.test(number) || !luhn(number)) wrong.push("E_WC_05");
    if (!(month >= 1 && month <= 12)) wrong.push("E_WC_06");
    if (!/^(\d\d|\d{4})$/.test(String(card.year ?? "").trim())) wrong.push("E_WC_07");
    else if (!wrong.includes("E_WC_06")) {
      const now = new Date(), full = year < 100 ? 2000 + year : year;
      if (full < now.getFullYear() || (full === now.getFullYear() && month < now.getMonth() + 1)) wrong.push("E_WC_08");
    }
    if (card.cardCode && !/^\d{3,4}$/.test(card.cardCode)) wrong.push("E_WC_15");
    if (card.zip && String(card.zip).length > 20) wrong.push("E_WC_16");
    if (card.fullName && String(card.fullName).length > 64) wrong.push("E_WC_17");
    return wrong;
  };

  const wrongBank = (bank) => {
    const wrong = [];
    if (!/^\d{4,17}$/.test(digits(bank.accountNumber))) wrong.push("E_WC_24");
    if (!/^\d{9}$/.test(digits(bank.routingNumber))) wrong.push("E_WC_25");
    if (!bank.nameOnAccount || bank.nameOnAccount.length > 22) wrong.push("E_WC_26");
    if (!["checking", "savings", "businessChecking"].includes(bank.accountType)) wrong.push("E_WC_27");
    return wrong;
  };

  const wrongData = ({ authData, cardData, bankData }) => {
    const wrong = [];
    if (!authData?.clientKey) wrong.push("E_WC_18");
    if (!authData?.apiLoginID || authData.apiLoginID.length > 25) wrong.push("E_WC_10");
    if (!cardData === !bankData) return [...wrong, "E_WC_23"];
    return [...wrong, ...(cardData ? wrongCard(cardData) : wrongBank(bankData))];
  };

  const request = ({ authData, cardData, bankData, id }) => {
    const data = { type: "TOKEN", id: id || crypto.randomUUID?.() || String(Math.random()) };
    if (cardData) {
      const year = String(cardData.year).trim();
      const expirationDate = `${String(cardData.month).padStart(2, "0")}${year.length === 2 ? `20${year}` : year}`;
      data.token = { cardNumber: digits(cardData.cardNumber), expirationDate };
      for (const name of ["cardCode", "zip", "fullName"]) if (cardData[name]) data.token[name] = cardData[name];
    } else {
      data.bankToken = {
        accountType: bankData.accountType, routingNumber: digits(bankData.routingNumber),
        accountNumber: digits(bankData.accountNumber), nameOnAccount: bankData.nameOnAccount,
      };
    }
    const merchantAuthentication = { name: authData.apiLoginID, clientKey: authData.clientKey };
    return { securePaymentContainerRequest: { merchantAuthentication, data } };
  };

  const send = async (secureData) => {
    const wrong = wrongData(secureData || {});
    if (wrong.length) return { messages: messages(wrong, "Error") };
    try {
      const response = await fetch(`${ORIGIN}/authorizenet/xml/v1/request.api`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request(secureData)),
      });
      const reply = JSON.parse((await response.text()).replace(/^\ufeff/, ""));
      if (reply.opaqueData) return { opaqueData: reply.opaqueData, messages: messages(["I_WC_01"], "Ok") };
      return { messages: messages([reply.messages?.message?.[0]?.code === "E00007" ? "E_WC_21" : "E_WC_19"], "Error") };
    } catch {
      return { messages: messages(["E_WC_19"], "Error") };
    }
  };

  window.Accept = {
    /** `handler` is a function, or the name of a global one. */
    dispatchData(secureData, handler) {
      const answer = typeof handler === "string" ? window[handler] : handler;
      send(secureData).then((response) => answer(response));
    },
  };
})();

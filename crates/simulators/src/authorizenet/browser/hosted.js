// What a hosted page does besides being HTML: it speaks through the portal's communicator page to the page around its
// frame, with the vendor's messages (resizeWindow, successfulSave, cancel, transactResponse).
"use strict";
(() => {
  const { communicator, message } = document.body.dataset;
  const framed = window.parent !== window;
  let relay = null;

  const say = (text) => {
    if (!communicator || !framed) return false;
    if (!relay) {
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "Messages";
      relay = new Promise((ready) => frame.addEventListener("load", () => ready(frame), { once: true }));
      frame.src = communicator;
      document.body.append(frame);
    }
    relay.then((frame) => frame.contentWindow.postMessage(text, new URL(communicator).origin));
    return true;
  };

  const size = () => say(`action=resizeWindow&width=${document.documentElement.scrollWidth}&height=${document.documentElement.scrollHeight}`);

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-cancel]") && say("action=cancel")) event.preventDefault();
  });
  // One press is one payment: the page's second answer to a second press shows the first payment.
  document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", () => {
    form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; });
  }));
  document.addEventListener("change", size);
  size();
  if (message) say(message);
})();

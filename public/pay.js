// Card fields on Pay Now, or the gateway's window for them: loads the gateway's script when the browser is idle, puts a
// token into the form, posts it.
// Whatever fails, the form still posts; without a token the gateway's own page takes the card.
(() => {
  const $ = id => document.getElementById(id), root = document.documentElement, form = $('pay');
  if (!form) return;
  const { nonce } = document.currentScript, { script, key } = form.dataset, button = $('pay-button'), opener = $('card-window');
  const title = document.title.replace(/^Error: /, ''), fields = {}, seen = {};
  const kinds = { 'card-number': 'cardNumber', 'card-expiry': 'cardExpiry', 'card-code': 'cardCvc' };
  const ask = {
    email: 'Enter an e-mail address like name@company.com',
    'card-number': 'Enter a card number with 13 to 19 digits',
    'card-expiry': 'Enter the expiry date, like 04 / 29',
    'card-code': 'Enter the security code, 3 or 4 digits',
    'card-name': 'Enter the name on the card',
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const pick = (light, night) => ({ color: dark.matches ? night : light });
  const style = () => ({
    base: { ...pick('#161b27', '#eceef2'), fontSize: getComputedStyle(root).fontSize, fontFamily: 'system-ui, sans-serif', '::placeholder': pick('#6a717d', '#9aa1ad') },
    invalid: pick('#a61b1b', '#ff9d94'),
  });
  // The server's `looks_like_email`: what passes here is not sent back.
  const isEmail = text => [...text].length < 255 && !/[\p{White_Space}\p{Cc},;]/u.test(text) && /.@[^.@][^@]*\.[^@]*[^.@]$/.test(text);
  // What was typed comes back after a decline, in this tab and for this link alone. Of the card, no more than name and postal code.
  const kept = ['email', 'card-name', 'postal-code'].map($).filter(Boolean), at = field => form.checkout?.value + field.id;
  // The browser may keep nothing at all.
  const keeping = act => { try { kept.forEach(act); } catch {} };
  let stripe, loading, busy;

  const say = (id, words = '') => {
    const error = $(id + '-error');
    // The text node that hydration will look for is kept.
    (error.firstChild || error.appendChild(new Text())).data = words;
    error.hidden = !words;
    error.parentNode.classList.toggle('wrong', words);
    $(id).ariaInvalid = words ? 'true' : null;
  };

  const mount = async () => {
    if (opener) {
      // AcceptUI looks for its button no sooner.
      if (document.readyState != 'complete') await new Promise(done => addEventListener('load', done));
      fields.card = button;
      $('card-loading').textContent = $('card-loading').dataset.ready;
      return;
    }
    stripe = Stripe(key);
    const elements = stripe.elements();
    for (const id in kinds) {
      const box = $(id).classList, field = fields[id] = elements.create(kinds[id], { style: style() });
      seen[id] = {};
      $(id).replaceChildren();
      field.mount('#' + id);
      field.on('change', e => { seen[id] = e; if (e.complete) say(id); });
      field.on('focus', () => box.add('focus'));
      field.on('blur', () => { box.remove('focus'); if (seen[id].error) say(id, seen[id].error.message); });
      $(id + '-label').onclick = () => field.focus();
    }
    dark.onchange = () => { for (const id in fields) fields[id].update({ style: style() }); };
  };

  // True when the card fields stand. The sandbox has none; where they do not come, the gateway's page takes the card.
  const load = () => loading ||= script ? new Promise((done, fail) => {
    const tag = Object.assign(document.createElement('script'), { src: script, nonce, onerror: fail });
    tag.onload = () => done(mount());
    setTimeout(fail, 20000);
    document.head.append(tag);
  }).then(() => true, () => {
    root.classList.remove('js');
    $('token').value = '';
    // Whoever has pressed Pay meanwhile reads first where that will lead.
    pay(false);
    const plain = $('card-plain');
    $('pay-status').textContent = plain.textContent = plain.dataset.failed;
  }) : Promise.resolve();

  const pay = on => {
    busy = on;
    button.toggleAttribute('data-busy', on);
    button.ariaDisabled = on;
    $('pay-status').textContent = on ? button.lastElementChild.textContent : '';
  };

  const refuse = list => {
    pay(false);
    const h2 = document.createElement('h2'), ul = document.createElement('ul'), box = $('summary');
    h2.textContent = 'Please check the following';
    for (const [id, words] of list) {
      say(id, words);
      const a = Object.assign(document.createElement('a'), { href: '#' + id, textContent: words });
      a.onclick = e => { e.preventDefault(); (fields[id] || $(id)).focus(); };
      ul.appendChild(document.createElement('li')).append(a);
    }
    if ($('said')) $('said').hidden = true;
    box.replaceChildren(h2, ul);
    box.hidden = false;
    document.title = 'Error: ' + title;
    box.focus();
  };

  keeping(field => { field.value = sessionStorage[at(field)] ?? field.value; });
  form.noValidate = true;
  form.onsubmit = async e => {
    e.preventDefault();
    if (busy) return;
    pay(true);
    // A saved card needs no fields.
    const cards = !form.saved?.value && await load(), email = $('email')?.value.trim(), name = $('card-name')?.value.trim();
    // What was typed into the fields is told by messages, and quick fingers come before them.
    if (cards && Object.values(seen).some(field => !field.complete)) await new Promise(done => setTimeout(done, 250));
    if (!busy) return;
    const fine = id => id == 'email' ? isEmail(email) : !cards || (id in kinds ? seen[id].complete : name);
    const wrong = Object.keys(ask).filter(id => { if ($(id)) say(id); return $(id) && !fine(id); });
    if (wrong[0]) return refuse(wrong.map(id => [id, seen[id]?.error?.message || ask[id]]));
    if (cards && opener) return open();
    if (cards) {
      const card = { type: 'card', card: fields['card-number'], billing_details: { name, email } };
      const { error, paymentMethod } = await stripe.createPaymentMethod(card).catch(error => ({ error }));
      if (error) return refuse([['card-number', error.message]]);
      $('token').value = paymentMethod.id;
    }
    send();
  };

  const send = () => {
    keeping(field => { sessionStorage[at(field)] = field.value; });
    form.submit();
  };

  // Who closes the window without a card is told nothing: Pay can be pressed again, and has the focus. Nor is it told when
  // the window fails, so the other way stands ready behind it.
  const open = () => {
    pay(false);
    say('card');
    $('summary').hidden = true;
    const other = $('card-page');
    if (other) {
      other.hidden = false;
      other.onclick = () => { if (!busy) { pay(true); $('token').value = ''; send(); } };
    }
    new MutationObserver((_, watch) => {
      if (document.querySelector('#AcceptUIContainer.show')) return;
      watch.disconnect();
      if (document.activeElement == document.body) button.focus();
    }).observe(document.body, { childList: true });
    // Where fingers touch, AcceptUI may listen to them alone.
    for (const kind of ['touchend', 'click']) opener.dispatchEvent(new Event(kind));
    document.querySelector('#AcceptUIContainer iframe')?.focus();
  };

  // AcceptUI calls it by this name.
  window.cardEntered = ({ messages, opaqueData }) => {
    if (busy) return;
    if (messages.resultCode != 'Ok') return refuse([['card', messages.message[0].text]]);
    pay(true);
    $('token').value = opaqueData.dataValue;
    send();
  };

  // Back from elsewhere: the page is asked again, so that a new try is a new payment.
  onpageshow = e => e.persisted ? location.reload() : pay(false);
  form.addEventListener('focusin', load, { once: true });
  const idle = () => (window.requestIdleCallback || setTimeout)(load);
  document.readyState == 'complete' ? idle() : addEventListener('load', idle);
})();

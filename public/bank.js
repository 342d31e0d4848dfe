// A bank account for the gateway to keep: its numbers go from these fields to the gateway's script and come back as a token.
// They have no names, so whatever fails, they are never posted. Or they are typed into the gateway's own window.
(() => {
  const $ = id => document.getElementById(id), form = $('bank');
  if (!form) return;
  const { nonce } = document.currentScript, { script, key, kind } = form.dataset, button = $('bank-button'), opener = $('account-window');
  const isAch = kind == 'ach_debit', digits = id => $(id).value.replace(/[\s-]/g, ''), title = document.title;
  const rules = {
    ...!opener && {
      routing: isAch ? [/^\d{9}$/, 'Enter a routing number with 9 digits'] : [/^\d{6}$/, 'Enter a BSB with 6 digits'],
      account: isAch ? [/^\d{4,17}$/, 'Enter an account number with 4 to 17 digits'] : [/^\d{5,9}$/, 'Enter an account number with 5 to 9 digits'],
    },
    holder: [/\S+\s+\S/, 'Enter your first and last name'],
    agree: [/true/, 'Tick that you give this authority'],
  };
  let loading, busy;

  const value = id => id == 'agree' ? String($(id).checked) : id == 'holder' ? $(id).value.trim() : digits(id);

  const say = (id, words = '') => {
    const error = $(id + '-error');
    (error.firstChild || error.appendChild(new Text())).data = words;
    error.hidden = !words;
    error.parentNode.classList.toggle('wrong', words);
    $(id).ariaInvalid = words ? 'true' : null;
  };

  const work = on => {
    busy = on;
    button.toggleAttribute('data-busy', on);
    button.ariaDisabled = on;
    $('bank-status').textContent = on ? button.lastElementChild.textContent : '';
  };

  const refuse = list => {
    work(false);
    const h2 = document.createElement('h2'), ul = document.createElement('ul'), box = $('summary');
    h2.textContent = 'Please check the following';
    for (const [id, words] of list) {
      if ($(id + '-error')) say(id, words);
      const a = Object.assign(document.createElement('a'), { href: '#' + id, textContent: words });
      a.onclick = e => { e.preventDefault(); $(id).focus(); };
      ul.appendChild(document.createElement('li')).append(a);
    }
    box.replaceChildren(h2, ul);
    box.hidden = false;
    document.title = 'Error: ' + title.replace(/^Error: /, '');
    box.focus();
  };

  const load = () => loading ||= new Promise((done, fail) => {
    // AcceptUI looks for its button when the document is complete.
    const onload = () => !opener ? done(Stripe(key)) : document.readyState == 'complete' ? done() : addEventListener('load', done);
    const tag = Object.assign(document.createElement('script'), { src: script, nonce, onerror: fail, onload });
    setTimeout(fail, 20000);
    document.head.append(tag);
  });

  const account = () => isAch
    ? { type: 'us_bank_account', us_bank_account: { routing_number: digits('routing'), account_number: digits('account'), account_holder_type: $('holder-type').value, account_type: $('account-type').value } }
    : { type: 'au_becs_debit', au_becs_debit: { bsb_number: digits('routing'), account_number: digits('account') } };

  // What was wrong is right as soon as it is so.
  form.addEventListener('input', ({ target: { id } }) => { if (rules[id] && !$(id + '-error').hidden && rules[id][0].test(value(id))) say(id); });
  form.noValidate = true;
  form.onsubmit = async e => {
    e.preventDefault();
    if (busy) return;
    work(true);
    const wrong = Object.keys(rules).filter(id => { say(id); return !rules[id][0].test(value(id)); });
    if (wrong[0]) return refuse(wrong.map(id => [id, rules[id][1]]));
    $('summary').hidden = true;
    try {
      const stripe = await load(), { email } = form.dataset;
      if (opener) return open();
      const { error, paymentMethod } = await stripe.createPaymentMethod({ ...account(), billing_details: { name: value('holder'), email } });
      if (error) return refuse([['account', error.message]]);
      $('token').value = paymentMethod.id;
      form.submit();
    } catch {
      loading = null;
      refuse([['account', 'The payment service could not be reached. Try again in a minute.']]);
    }
  };

  // Who closes the window without an account is told nothing: Save can be pressed again.
  const open = () => {
    work(false);
    // Where fingers touch, AcceptUI may listen to them alone.
    for (const kind of ['touchend', 'click']) opener.dispatchEvent(new Event(kind));
    document.querySelector('#AcceptUIContainer iframe')?.focus();
  };

  // AcceptUI calls it by this name.
  window.accountEntered = ({ messages, opaqueData }) => {
    if (busy) return;
    if (messages.resultCode != 'Ok') return refuse([['account', messages.message[0].text]]);
    work(true);
    $('token').value = opaqueData.dataValue;
    form.submit();
  };

  onpageshow = e => e.persisted ? location.reload() : work(false);
  form.addEventListener('focusin', load, { once: true });
})();

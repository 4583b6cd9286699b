// The page's script. What others wrote becomes text, never markup: only `textContent` and text nodes are set.
'use strict';

// For how long a card takes no answer after it appeared or moved, in milliseconds (SEC-51).
const SETTLE = 500;
// For how long it is told what was decided, in milliseconds.
const TOLD = 12000;
// How often a view that hears no news looks whether somebody answers, in milliseconds.
const LOOK = 3000;
const token = document.querySelector('meta[name="cloister-token"]').content;
const by = (id) => document.getElementById(id);

// Sends something that changes something; returns why it was not done, or null, and what was answered.
async function send(path, body) {
  let response;
  try {
    const headers = { 'content-type': 'application/json', 'x-cloister-token': token };
    response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error' });
  } catch {
    return ['the control plane does not answer', null];
  }
  if (response.status === 401) return ['you are logged out: `cloister ui` prints a link', null];
  const answer = await response.json().catch(() => null);
  if (response.ok) return [null, answer];
  return [answer?.reason ?? `the control plane answered ${response.status}`, null];
}

function element(name, className, text = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

// Pieces are, in turn, as they came and written out.
function fill(place, pieces) {
  place.replaceChildren(...pieces.map((piece, at) => {
    if (at % 2 === 0) return document.createTextNode(piece);
    const mark = element('mark', 'out', piece);
    mark.title = 'would not be seen';
    return mark;
  }));
}

function show(place, shown) {
  if (shown.whole === null) return fill(place, shown.pieces);
  const [details, summary, whole] = [element('details', 'long'), element('summary', ''), element('div', 'whole')];
  fill(summary, shown.pieces);
  fill(whole, shown.whole);
  details.append(summary, whole);
  place.replaceChildren(details);
}

function plain(shown) {
  return shown.pieces.join('');
}

// As short as it can be: of today the time alone.
function when(milliseconds) {
  const [time, now] = [new Date(milliseconds), new Date()];
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  if (time.toDateString() === now.toDateString()) return time.toLocaleTimeString([], clock);
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' };
  return time.toLocaleString([], { ...year, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
}

function left(until) {
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  return seconds < 120 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}

// ── cards

function settle(card) {
  card.settled = performance.now() + SETTLE;
  card.classList.add('settling');
  clearTimeout(card.timer);
  card.timer = setTimeout(() => card.classList.remove('settling'), SETTLE);
}

// Whatever moves without a person's scrolling settles anew: another card went, or opened up.
function watchPlaces(cards) {
  let places = new Map();
  const compare = () => {
    const now = new Map();
    for (const card of cards.children) {
      now.set(card, card.offsetTop);
      if (places.get(card) !== card.offsetTop) settle(card);
    }
    places = now;
  };
  const sizes = new ResizeObserver(compare);
  for (const place of [cards, by('main'), document.body]) sizes.observe(place);
  new MutationObserver(compare).observe(cards, { childList: true });
}

function make(view) {
  const card = by('card').content.firstElementChild.cloneNode(true);
  const part = (selector) => card.querySelector(selector);
  card.view = view;
  card.dataset.card = view.id;
  show(part('.name'), view.name);
  show(part('.folder'), view.folder);
  part('.asks').textContent = view.asks;
  show(part('.title'), view.title);
  part('h2').id = `card-${view.id}`;
  card.setAttribute('aria-labelledby', `card-${view.id}`);
  part('.warnings').hidden = view.warnings.length === 0;
  for (const warning of view.warnings) show(part('.warnings').appendChild(element('li', '')), warning);
  tell(card, view);
  for (const choice of view.choices.filter((choice) => !choice.wide)) part('.choices.least').append(button(card, choice));
  offerWider(card, view.choices.filter((choice) => choice.wide));
  part('.back').addEventListener('click', () => closeConfirmation(card));
  part('.confirm').addEventListener('submit', (event) => {
    event.preventDefault();
    confirmed(card);
  });
  count(card, view);
  return card;
}

function tell(card, view) {
  card.querySelector('.facts').replaceChildren(...view.facts.map(([label, text]) => {
    const [row, term, fact] = [element('div', ''), element('dt', ''), element('dd', '')];
    show(term, label);
    show(fact, text);
    row.append(term, fact);
    return row;
  }));
  card.querySelector('.hides').hidden = !view.hides;
}

function button(card, choice) {
  const made = element('button', choice.verdict);
  made.type = 'button';
  const [word, text] = [element('strong', ''), element('span', '')];
  word.textContent = `${choice.verdict === 'allow' ? 'Allow' : 'Deny'} ${choice.term}`;
  show(text, choice.text);
  if (choice.key !== null) {
    made.dataset.key = choice.key;
    made.setAttribute('aria-keyshortcuts', choice.key);
    word.append(' ', element('kbd', '', choice.key));
  }
  made.append(word, text);
  made.choice = choice;
  made.addEventListener('click', () => answer(card, choice));
  return made;
}

// What an answer does can change while what is asked stays: nothing waits any more. What is pressed is what is read: the
// same buttons say it, and settle anew.
function retell(card, view) {
  const choices = card.view.choices;
  const isSaid = view.choices.every((choice, at) => plain(choice.text) === plain(choices[at].text));
  view.choices.forEach((choice, at) => Object.assign(choices[at], choice));
  card.view = { ...view, choices };
  if (isSaid) return;
  for (const made of card.querySelectorAll('.choices button')) show(made.querySelector('span'), made.choice.text);
  card.querySelector('.confirm').hidden = true;
  settle(card);
}

// Wider answers are picked: for which hosts, and for how long.
function offerWider(card, choices) {
  const part = (selector) => card.querySelector(`.wider ${selector}`);
  const [reach, term, place] = [part('.reach'), part('.term'), part('.choices')];
  card.querySelector('.wider').hidden = choices.length === 0;
  for (const name of new Set(choices.map((choice) => plain(choice.reach)))) reach.add(new Option(name));
  for (const name of new Set(choices.map((choice) => choice.term))) term.add(new Option(name));
  const pick = () => {
    const picked = choices.filter((choice) => plain(choice.reach) === reach.value && choice.term === term.value);
    place.replaceChildren(...picked.map((choice) => button(card, choice)));
    if (picked.length === 0) place.textContent = 'That is above, or cannot be answered so.';
    card.querySelector('.confirm').hidden = true;
  };
  reach.addEventListener('change', pick);
  term.addEventListener('change', pick);
  pick();
}

// What grows while a card is there; it never changes what is asked.
function count(card, view) {
  const times = view.count === 1 ? `asked at ${when(view.first)}` :
    `asked ${view.count} times, first at ${when(view.first)}, last at ${when(view.last)}`;
  const waiting = view.waiting === 0 ? 'nothing waits any more' : `${view.waiting} waiting`;
  card.querySelector('.asked').textContent = view.lasts ? `asked at ${when(view.first)}` : `${times}; ${waiting}`;
  countDown(card);
}

// Has a place of its own, so that nothing moves while it counts.
function countDown(card) {
  card.querySelector('.left').textContent = card.view.until === null ? '' : left(card.view.until);
}

function mayAnswer(card) {
  return card.isConnected && document.body.dataset.link === 'live' && performance.now() >= card.settled;
}

function answer(card, choice) {
  if (!mayAnswer(card)) return;
  if (choice.confirm === null) return decide(card, choice, null);
  const form = card.querySelector('.confirm');
  form.choice = choice;
  form.querySelector('.expected').textContent = choice.confirm;
  form.querySelector('input').value = '';
  form.hidden = false;
  form.querySelector('input').focus();
}

function confirmed(card) {
  const form = card.querySelector('.confirm');
  if (mayAnswer(card)) decide(card, form.choice, form.querySelector('input').value);
}

function closeConfirmation(card) {
  card.querySelector('.confirm').hidden = true;
  card.focus();
}

async function decide(card, choice, typed) {
  if (card.answering) return;
  card.answering = true;
  const { id, digest } = card.view;
  const [reason, answer] = await send('/api/decide', { card: id, digest, choice: choice.choice, typed });
  card.answering = false;
  fail(card, reason ?? '');
  if (reason === null) tellDecided(card.view, choice, answer?.undo ?? null);
}

// What was decided, for a while and as long as somebody is at it; its place is kept free, so that nothing moves.
function tellDecided(view, choice, id) {
  const what = choice.choice.reach === 'exact' ? plain(view.title) : plain(choice.reach);
  const line = `${choice.verdict === 'allow' ? 'allowed' : 'denied'} ${choice.term}: ${what}`;
  const undo = element('button', 'quiet', 'Undo');
  undo.type = 'button';
  undo.addEventListener('click', async () => {
    const [reason] = await send('/api/undo', { ids: [id] });
    announce(reason === null ? `undone: ${line}` : `not undone: ${reason}`, []);
    by('heading').focus();
  });
  announce(line, id === null ? [] : [undo]);
}

function announce(text, more) {
  const told = by('told');
  told.replaceChildren(element('span', '', text), ...more);
  clearTimeout(told.timer);
  const end = () => {
    if (told.matches(':hover, :focus-within')) told.timer = setTimeout(end, 1000);
    else told.replaceChildren();
  };
  told.timer = setTimeout(end, TOLD);
}

function fail(card, reason) {
  const place = card.querySelector('.failed');
  place.textContent = reason;
  place.hidden = reason === '';
}

// Whether something else is asked, or can be answered.
function isOther(known, view) {
  const answers = (one) => JSON.stringify(one.choices.map(({ choice, confirm }) => [choice, confirm]));
  return known.digest !== view.digest || answers(known) !== answers(view);
}

function update(inbox) {
  const cards = by('cards');
  const old = new Map(Array.from(cards.children, (card) => [card.dataset.card, card]));
  const fresh = [];
  let before = null;
  for (const view of inbox.cards) {
    const known = old.get(String(view.id));
    let card = known;
    if (known === undefined || isOther(known.view, view)) {
      card = make(view);
      fresh.push(view);
      if (known === undefined) cards.insertBefore(card, before === null ? cards.firstChild : before.nextSibling);
      else replace(known, card);
      settle(card);
    } else {
      // What the sandbox says of itself may come later: nothing of what is asked changes with it, but its place does.
      if (JSON.stringify(card.view.facts) !== JSON.stringify(view.facts)) {
        tell(card, view);
        settle(card);
      }
      retell(card, view);
      count(card, view);
    }
    old.delete(String(view.id));
    before = card;
  }
  for (const card of old.values()) replace(card, null);
  by('nothing').hidden = inbox.cards.length > 0;
  warn(inbox.mistakes);
  document.title = `${inbox.cards.length > 0 ? `(${inbox.cards.length}) ` : ''}Inbox · cloister`;
  if (fresh.length > 0) by('news').textContent = fresh.map((view) => `new: ${plain(view.name)} ${view.asks} ${plain(view.title)}`).join('; ');
}

// No other card gets the focus of one that went: the next key would answer what nobody read.
function replace(card, other) {
  const focused = card.contains(document.activeElement);
  if (other === null) card.remove();
  else card.replaceWith(other);
  if (focused) by('heading').focus();
}

// What is wrong with the user's own files, on every view; here as the news come.
function warn(mistakes) {
  const place = by('mistakes');
  const shown = JSON.stringify(mistakes);
  if (place.shown === shown) return;
  place.shown = shown;
  place.hidden = mistakes.length === 0;
  place.replaceChildren(...mistakes.map((mistake) => {
    const [line, at, message] = [element('p', ''), element('code', ''), element('span', '')];
    show(at, mistake.place);
    show(message, mistake.message);
    const force = mistake.since === null ? 'nothing is allowed' : `in force: the policy of ${when(mistake.since)}`;
    line.append(at, ' ', message, `; ${force}`);
    return line;
  }));
}

// ── news

function listen() {
  const source = new EventSource('/events');
  source.addEventListener('inbox', (event) => {
    link('live', 'live');
    update(JSON.parse(event.data));
  });
  source.addEventListener('error', async () => {
    link('lost', 'the control plane does not answer: what is shown may be old');
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, 3000);
    const status = await fetch('/icon.svg').then((response) => response.status, () => 0);
    if (status === 401) link('lost', 'you are logged out: `cloister ui` prints a link');
    if (status === 200) link('lost', 'waits for a place: the page is open in too many tabs');
  });
  window.addEventListener('pagehide', () => source.close(), { once: true });
}

function link(state, text) {
  document.body.dataset.link = state;
  by('link').dataset.state = state;
  by('link').textContent = text;
}

// ── keys

function step(by) {
  const cards = Array.from(document.querySelectorAll('.card'));
  const at = cards.findIndex((card) => card.contains(document.activeElement));
  const next = at === -1 ? (by > 0 ? 0 : cards.length - 1) : Math.min(Math.max(at + by, 0), cards.length - 1);
  cards[next]?.focus();
}

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const card = event.target.closest('.card');
  if (event.key === 'Escape' && card !== null) return closeConfirmation(card);
  if (event.target.matches('input, select')) return;
  if (event.key === 'j') return step(1);
  if (event.key === 'k') return step(-1);
  if (card === null) return;
  if (event.key === 'a' || event.key === 'd') return card.querySelector(`[data-key="${event.key}"]`)?.click();
  if (event.key === 'Enter' && event.target === card) {
    event.preventDefault();
    card.querySelector('.wider').open = true;
    card.querySelector('.choices button')?.focus();
  }
}

// ── every view

by('logout').addEventListener('click', async () => {
  const [reason] = await send('/api/logout', {});
  by('notice').hidden = false;
  by('notice').textContent = reason ?? 'You are logged out. `cloister ui` prints a link.';
  if (reason === null) by('main').replaceChildren(by('notice'));
});

for (const undo of document.querySelectorAll('[data-undo]')) {
  undo.addEventListener('click', async () => {
    const [reason] = await send('/api/undo', { ids: [undo.dataset.undo] });
    if (reason === null) return location.reload();
    by('notice').hidden = false;
    by('notice').textContent = reason;
  });
}

for (const time of document.querySelectorAll('time[data-at]')) {
  time.textContent = when(Number(time.dataset.at));
  time.title = new Date(Number(time.dataset.at)).toLocaleString();
}

for (const more of document.querySelectorAll('[data-more]')) {
  more.addEventListener('click', () => {
    by(more.dataset.more).classList.add('all');
    more.remove();
  });
}

for (const search of document.querySelectorAll('[data-filter]')) {
  search.addEventListener('input', () => {
    by(search.dataset.filter).classList.add('all');
    for (const row of by(search.dataset.filter).tBodies[0].rows) row.hidden = !row.textContent.includes(search.value);
  });
}

if (by('cards') !== null) {
  watchPlaces(by('cards'));
  document.addEventListener('keydown', pressed);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) for (const card of by('cards').children) settle(card);
  });
  setInterval(() => {
    for (const card of by('cards').children) countDown(card);
  }, 1000);
  listen();
} else {
  setInterval(async () => {
    const status = await fetch('/icon.svg', { cache: 'no-store' }).then((response) => response.status, () => 0);
    by('away').hidden = status === 200;
  }, LOOK);
}

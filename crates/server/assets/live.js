// A page that is left open follows what it shows: it asks for itself again, and takes over
// the parts marked `data-live` that have become different. Without scripts, people reload.
'use strict';

(() => {
  const main = document.querySelector('main[data-stamp]');
  if (!main || !document.querySelector('[data-live]')) return;

  const SOON = 4_000;
  // Nobody has touched the page for a while: it need not be so quick.
  const LATER = 20_000;
  const CALM = 600_000;

  let stamp = main.dataset.stamp;
  let touched = Date.now();
  let timer;
  let asking = false;

  // What the server said each part is; the part itself may have changed since by itself.
  const parts = () => [...document.querySelectorAll('[data-live][id]')];
  const said = new Map(parts().map((part) => [part.id, part.innerHTML]));

  const news = document.createElement('p');
  news.className = 'unseen';
  news.setAttribute('role', 'status');
  document.body.append(news);

  document.addEventListener('input', (event) => {
    touched = Date.now();
    event.target.closest('form')?.setAttribute('data-typed', '');
  });
  for (const kind of ['pointerdown', 'keydown']) {
    document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }

  // Nothing is taken from under somebody's hands.
  function isInUse(part) {
    if (part.querySelector('form[data-typed], form[data-sent]')) return true;
    const focused = document.activeElement;
    if (part.contains(focused) && focused.matches('input, select, textarea')) return true;
    const selection = window.getSelection();
    return Boolean(selection && !selection.isCollapsed && part.contains(selection.anchorNode));
  }

  const named = (element) => element.id || element.getAttribute('href') || element.textContent.trim();

  function takeOver(part, other) {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const open = [...part.querySelectorAll('details[open] > summary')].map(named);
    part.replaceChildren(...[...other.childNodes].map((node) => document.importNode(node, true)));
    for (const summary of part.querySelectorAll('details > summary')) {
      if (open.includes(named(summary))) summary.parentElement.open = true;
    }
    window.htmx?.process(part);
    if (!focused) return;
    const again = [...part.querySelectorAll(focused.tagName)].find((one) => named(one) === named(focused));
    if (!again) part.tabIndex = -1;
    (again ?? part).focus({ preventScroll: true });
  }

  function compare(html) {
    const next = new DOMParser().parseFromString(html, 'text/html');
    const nextMain = next.querySelector('main[data-stamp]');
    if (!nextMain) return;
    const sentences = [];
    let waits = false;
    for (const part of parts()) {
      const other = next.getElementById(part.id);
      if (!other || said.get(part.id) === other.innerHTML) continue;
      if (isInUse(part)) {
        waits = true;
        continue;
      }
      const isShown = part.innerHTML === other.innerHTML;
      said.set(part.id, other.innerHTML);
      if (isShown) continue;
      takeOver(part, other);
      if (part.dataset.live) sentences.push(part.dataset.live);
    }
    document.title = next.title;
    // What still waits is looked at again, whether or not anything else changes.
    stamp = waits ? '' : nextMain.dataset.stamp;
    if (sentences.length) news.textContent = sentences.join(' ');
  }

  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.href.split('#')[0], {
        headers: { accept: 'text/html', 'hx-request': 'true', 'if-none-match': `"page ${stamp}"` },
        cache: 'no-store',
      });
      if (answer.ok && !answer.redirected) compare(await answer.text());
      // Signed out, or no longer among those who see this: the page itself says so.
      else if ((answer.status === 401 || answer.status === 404) && !document.querySelector('form[data-typed]')) location.reload();
    } catch {
      // The network is away; the next time will do.
    } finally {
      asking = false;
      wait();
    }
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(ask, Date.now() - touched > CALM ? LATER : SOON);
  }

  document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });
  wait();
})();

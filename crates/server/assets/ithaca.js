// What pages can't do by themselves. Everything works without this file.
'use strict';

(() => {
  // A refused form: the summary takes the focus, so that it is read first.
  document.querySelector('[data-takes-focus]')?.focus();

  // Menus close when one looks elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener('click', (event) => closeMenus(event.target.closest('details.menu')));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const menu = document.activeElement?.closest('details.menu[open]');
    closeMenus();
    menu?.querySelector('summary').focus();
  });

  // From the links to the weeks or months before and after, the arrows lead there too.
  document.addEventListener('keydown', (event) => {
    const way = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key];
    if (way) event.target.closest?.('nav.turns')?.querySelector(`[rel=${way}]`)?.click();
  });

  // A second click on the same button waits for the first.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.hasAttribute('data-microsoft')) return integrate(form);
    if (form.hasAttribute('data-sent')) return event.preventDefault();
    if (form.method === 'post') form.setAttribute('data-sent', '');
  });
  // Back from the next page: the form may be sent again.
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('[data-sent]')) form.removeAttribute('data-sent');
  });

  // Integrate: Microsoft opens in a pop-up, and the page behind asks the server
  // how it went. Where the pop-up is blocked, the form goes on in this window.
  const PATIENCE = 120_000;

  function integrate(form) {
    const left = Math.max(0, window.screenX + (window.outerWidth - 520) / 2);
    const top = Math.max(0, window.screenY + (window.outerHeight - 680) / 2);
    const popup = window.open('', 'microsoft', `popup,width=520,height=680,left=${left},top=${top}`);
    if (!popup) return;
    form.target = 'microsoft';
    form.elements.window.value = 'popup';
    popup.focus();
    // The form must be on its way before its element is replaced.
    setTimeout(() => wait(popup), 0);
  }

  function wait(popup) {
    show('waiting');
    const began = Date.now();
    let looksClosed = 0;
    const watch = setInterval(() => {
      if (!document.querySelector('#teams-state [data-waiting]')) return clearInterval(watch);
      // Whoever has finished closes it too: the answer is on this page within four looks.
      looksClosed = popup.closed ? looksClosed + 1 : 0;
      const gaveUp = Date.now() - began > PATIENCE;
      if (looksClosed < 4 && !gaveUp) return;
      clearInterval(watch);
      show(gaveUp ? 'gave-up' : 'closed');
    }, 500);
  }

  function show(template) {
    const state = document.querySelector('#teams-state');
    const source = document.querySelector(`template[data-stage="${template}"]`);
    if (!state || !source) return;
    const next = source.content.firstElementChild.cloneNode(true);
    state.replaceChildren(next);
    window.htmx?.process(next);
    next.querySelector('[data-stage-focus]')?.focus();
  }
})();

// Pages work without this. With it, a list of calls follows what happens.
const live = document.querySelector("[data-live]");
const pause = document.querySelector("[data-pause]");
let following = true;
let shown = "";

async function look() {
  const isRead = live.contains(document.activeElement) || String(getSelection()) !== "";
  if (following && !document.hidden && !isRead) {
    try {
      const answer = await fetch(live.dataset.live);
      const text = answer.ok ? await answer.text() : shown;
      if (text !== shown) {
        live.innerHTML = text;
        shown = text;
      }
    } catch {
      // The sandbox may be starting again; the next look tells.
    }
  }
  setTimeout(look, 1000);
}

if (live && pause) {
  pause.hidden = false;
  pause.addEventListener("click", () => {
    following = !following;
    pause.textContent = following ? "Stop following" : "Follow again";
  });
  look();
}

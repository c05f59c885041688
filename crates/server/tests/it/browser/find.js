const [intent, name] = arguments;
const tidy = (text) => (text || "").replace(/\s+/g, " ").trim();
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });

const wording = (element) => {
  const label = element.getAttribute("aria-label");
  if (label) return tidy(label);
  if (element.matches("input")) return tidy(element.value);
  const copy = element.cloneNode(true);
  for (const inner of copy.querySelectorAll("input, select, textarea, [hidden], [aria-hidden=true], svg")) inner.remove();
  return tidy(copy.textContent);
};

let found;
if (intent === "press") {
  const all = document.querySelectorAll("a[href], button, summary, input[type=submit], [role=tab], [role=button]");
  found = [...all].filter((element) => wording(element) === name && isSeen(element) && !element.disabled);
} else {
  const labels = [...document.querySelectorAll("label")].filter((label) => wording(label) === name && isSeen(label));
  found = labels.map((label) => label.control).filter(Boolean);
}
if (found.length !== 1) return `${found.length} of that name are on the page`;
const [element] = found;
if (intent === "fill" || intent === "tick") {
  if (element.disabled) return "it is disabled";
}
// A box may be drawn by its label; then that is what one clicks.
return element;

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
if (intent === "press" || intent === "pick") {
  const isMeant = intent === "press" ? (wording) => wording === name : (wording) => wording.includes(name);
  const all = document.querySelectorAll("a[href], button, summary, input[type=submit], [role=tab], [role=button]");
  found = [...all].filter((element) => isMeant(wording(element)) && isSeen(element) && !element.disabled);
  // Two links to one place are one to whoever follows them.
  if (found.length && found.every((element) => element.href && element.href === found[0].href)) found = [found[0]];
} else {
  const labels = [...document.querySelectorAll("label")].filter((label) => wording(label) === name && isSeen(label));
  found = labels.map((label) => label.control).filter(Boolean);
}
if (found.length !== 1) return `${found.length} of that name are on the page`;
const [element] = found;
if (element.disabled && (intent === "fill" || intent === "tick")) return "it is disabled";
return element;

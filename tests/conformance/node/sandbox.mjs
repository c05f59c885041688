// The sandbox tenant as a script of this suite sees it: the counterpart of
// `python/sandbox.py`, with the same words. Certificates are checked against
// NODE_EXTRA_CA_CERTS, which the test sets.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

export const SAID = JSON.parse(readFileSync("sandbox.json", "utf8"));
export const URL_OF_ALL = SAID.tls_url.replace(/\/$/, "");
export const HOST = new URL(URL_OF_ALL).host;
export const DEFAULT = ["https://graph.microsoft.com/.default"];

/** Runs what shows that the sentence is true, and says so, or why not. */
export async function shows(sentence, work) {
  try {
    await work();
    console.log("ok", sentence);
  } catch (error) {
    console.error(error);
    console.log("not ok", sentence, "--", String(error).replace(/\s+/g, " "));
  }
}

export function equal(found, wanted) {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

export function holds(condition, otherwise) {
  if (!condition) throw new Error(otherwise ?? "it is not so");
}

export function done() {
  console.log("done");
}

// --- what is in the sandbox --------------------------------------------------

export const TENANT = SAID.tenants[0];
export const APP = TENANT.apps[0];
export const AUTHORITY = `${URL_OF_ALL}/${TENANT.id}`;
export const REDIRECT = APP.redirect_uris[0];
export const PEOPLE = Object.fromEntries(TENANT.people.map((one) => [one.upn.split("@")[0], one]));

// --- the doors for tests -----------------------------------------------------

/** Asks the admin API, which is plain HTTP on loopback. */
export async function lever(method, path, body) {
  const answer = await fetch(`${SAID.admin_url.replace(/\/$/, "")}/_sandbox/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** How many calls there were so far to routes with this in their name. */
export async function calls(part) {
  const { by_route: byRoute } = (await lever("GET", "truth")).calls;
  return Object.entries(byRoute)
    .filter(([route]) => route.includes(part))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** The next calls that `on` is about go wrong so. */
export function nextTime(on, act, times = 1) {
  return lever("POST", "faults", { on, times, do: act });
}

export async function meetings() {
  const { meetings: all } = await lever("GET", "truth");
  return Object.fromEntries(all.map((meeting) => [meeting.id, meeting]));
}

// --- a person with the plainest of browsers ----------------------------------

/** Signs in as one person, and accepts or cancels what it is asked to permit. */
export class Browser {
  constructor(person, decision = "accept") {
    this.person = person;
    this.decision = decision;
    this.cookies = new Map();
  }

  /** Walks from an authorize address to the redirect; returns what came with it. */
  async goesTo(address, redirectUri = REDIRECT) {
    let answer = await this.asks(address);
    for (let step = 0; step < 20; step += 1) {
      const next = answer.headers.get("location");
      if (next !== null) {
        const target = new URL(next, answer.url);
        if (target.href.startsWith(redirectUri)) {
          const given = target.search.slice(1) || target.hash.slice(1);
          return Object.fromEntries(new URLSearchParams(given));
        }
        answer = await this.asks(target.href);
        continue;
      }
      const html = await answer.text();
      const form = formOf(html, answer.url);
      if (form?.action.startsWith(redirectUri)) return form.fields;
      const another = /href="([^"]*\/sign-in\/address\?[^"]*)"/.exec(html);
      if (another) {
        answer = await this.asks(new URL(plain(another[1]), answer.url).href);
      } else if (form) {
        answer = await this.asks(form.action, this.fills(form));
      } else {
        return null;
      }
    }
    throw new Error("no end of pages");
  }

  fills({ fields, buttons }) {
    if ("address" in fields) fields.address = this.person.upn;
    if ("password" in fields) fields.password = this.person.password;
    for (const { name, value } of buttons) {
      if ([this.decision, "approve", "back"].includes(value)) fields[name] = value;
    }
    return fields;
  }

  async asks(address, fields) {
    const cookies = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(address, {
      method: fields ? "POST" : "GET",
      redirect: "manual",
      headers: { cookie: cookies },
      body: fields && new URLSearchParams(fields),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies.set(name, value);
    }
    return answer;
  }
}

/** The first form of a page, with its fields and buttons. */
function formOf(html, url) {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(html);
  if (!form) return undefined;
  const inputs = [...form[2].matchAll(/<input\b([^>]*)>/g)].map(([, text]) => attributes(text));
  const sent = inputs.filter(({ name, type, checked }) => name && (type !== "checkbox" || checked !== undefined));
  return {
    action: new URL(attributes(form[1]).action ?? "", url).href,
    fields: Object.fromEntries(sent.map(({ name, value }) => [name, value ?? ""])),
    buttons: [...form[2].matchAll(/<button\b([^>]*)>/g)].map(([, text]) => attributes(text)),
  };
}

function attributes(text) {
  const found = [...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)];
  return Object.fromEntries(found.map(([, name, value]) => [name, plain(value ?? "")]));
}

function plain(text) {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}

// The smallest browser that walks through Ithaca: pages, forms and cookies, no scripts.
import http from 'node:http';
import { performance } from 'node:perf_hooks';

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request. Cookies marked Secure go to loopback too, as browsers do it there. */
export function send(address, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(address, { method, headers, agent }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({
        status: response.statusCode,
        headers: response.headers,
        text: Buffer.concat(parts).toString('utf8'),
      }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const letters = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#38': '&', '#60': '<', '#62': '>', '#34': '"' };
const plain = (html) => html.replace(/&(#?\w+);/g, (whole, name) => letters[name] ?? whole);
const textOf = (html) => plain(html.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();
const attribute = (tag, name) => {
  const found = tag.match(new RegExp(`\\s${name}="([^"]*)"`));
  return found ? plain(found[1]) : new RegExp(`\\s${name}(\\s|>|/)`).test(tag) ? '' : undefined;
};

export class Browser {
  cookies = new Map();

  async opens(address) {
    return this.#goes(new URL(address, this.address), {});
  }

  /** Follows the link with this text. */
  async follows(text) {
    for (const [tag, inside] of this.#elements('a')) {
      if (textOf(inside) === text) return this.opens(attribute(tag, 'href'));
    }
    throw new Error(`${this.address} has no link “${text}”:\n${textOf(this.html)}`);
  }

  /** The form that a button with this text belongs to, with everything that is filled in. */
  form(button) {
    for (const [tag, inside] of this.#elements('form')) {
      for (const [opening, label] of [...inside.matchAll(/(<button[^>]*>)([\s\S]*?)<\/button>/g)].map((found) => [found[1], found[2]])) {
        if (!textOf(label).includes(button)) continue;
        const fields = new URLSearchParams();
        for (const [input] of inside.matchAll(/<input[^>]*>/g)) {
          const kind = attribute(input, 'type') ?? 'text';
          const chosen = attribute(input, 'checked') !== undefined;
          if (attribute(input, 'disabled') !== undefined || attribute(input, 'name') === undefined) continue;
          if (kind === 'checkbox' || kind === 'radio') {
            if (chosen) fields.append(attribute(input, 'name'), attribute(input, 'value') ?? 'on');
          } else {
            fields.append(attribute(input, 'name'), attribute(input, 'value') ?? '');
          }
        }
        for (const [, opened, value] of inside.matchAll(/(<textarea[^>]*>)\n?([\s\S]*?)<\/textarea>/g)) {
          fields.append(attribute(opened, 'name'), plain(value));
        }
        for (const [, opened, options] of inside.matchAll(/(<select[^>]*>)([\s\S]*?)<\/select>/g)) {
          const all = [...options.matchAll(/<option[^>]*>/g)].map(([option]) => option);
          const chosen = all.find((option) => attribute(option, 'selected') !== undefined) ?? all[0];
          fields.append(attribute(opened, 'name'), attribute(chosen, 'value'));
        }
        if (attribute(opening, 'name') !== undefined) fields.append(attribute(opening, 'name'), attribute(opening, 'value') ?? '');
        return {
          address: new URL(attribute(tag, 'action') || this.address, this.address),
          method: (attribute(tag, 'method') ?? 'get').toUpperCase(),
          fields,
          /** Ticks or chooses what has this label. */
          chooses: (label) => {
            const found = [...inside.matchAll(/<label for="([^"]*)"[^>]*>([\s\S]*?)<\/label>/g)].find(([, , text]) => textOf(text) === label);
            if (!found) throw new Error(`${this.address} has no “${label}”:\n${textOf(inside)}`);
            const input = [...inside.matchAll(/<input[^>]*>/g)].map(([one]) => one).find((one) => attribute(one, 'id') === plain(found[1]));
            const name = attribute(input, 'name');
            if (attribute(input, 'disabled') !== undefined) throw new Error(`“${label}” is disabled`);
            if (attribute(input, 'type') === 'radio') fields.set(name, attribute(input, 'value'));
            else if (!fields.getAll(name).includes(attribute(input, 'value'))) fields.append(name, attribute(input, 'value'));
          },
        };
      }
    }
    throw new Error(`${this.address} has no button “${button}”:\n${textOf(this.html)}`);
  }

  async sends(form) {
    if (form.method === 'GET') {
      form.address.search = form.fields.toString();
      return this.#goes(form.address, {});
    }
    return this.#goes(form.address, { method: 'POST', body: form.fields.toString() });
  }

  async presses(button) {
    return this.sends(this.form(button));
  }

  /** Looks again until the page shows this text. */
  async comesToSee(text, patience = 20_000) {
    const began = performance.now();
    while (!textOf(this.html).includes(text)) {
      if (performance.now() - began > patience) throw new Error(`${this.address} never showed “${text}”:\n${textOf(this.html)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await this.opens(this.address);
    }
  }

  cookieHeader(address) {
    const jar = this.cookies.get(new URL(address).host) ?? new Map();
    return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** The headers of a form that is sent from a page of the same site. */
  formHeaders(address) {
    return {
      'content-type': 'application/x-www-form-urlencoded',
      origin: new URL(address).origin,
      'sec-fetch-site': 'same-origin',
      cookie: this.cookieHeader(address),
    };
  }

  async #goes(address, { method = 'GET', body }) {
    for (let hops = 0; hops < 20; hops += 1) {
      const headers = method === 'POST' ? this.formHeaders(address) : { cookie: this.cookieHeader(address) };
      const answer = await send(address, { method, headers, body });
      const jar = this.cookies.get(address.host) ?? new Map();
      this.cookies.set(address.host, jar);
      for (const cookie of answer.headers['set-cookie'] ?? []) {
        const [pair] = cookie.split(';');
        const at = pair.indexOf('=');
        if (/max-age=0/i.test(cookie)) jar.delete(pair.slice(0, at));
        else jar.set(pair.slice(0, at), pair.slice(at + 1));
      }
      if (answer.status >= 300 && answer.status < 400) {
        address = new URL(answer.headers.location, address);
        method = 'GET';
        body = undefined;
        continue;
      }
      this.address = address.href;
      this.html = answer.text;
      if (answer.status >= 400) throw new Error(`${address} answered ${answer.status}:\n${textOf(answer.text)}`);
      return answer;
    }
    throw new Error(`${address} leads round in circles`);
  }

  #elements(name) {
    return [...this.html.matchAll(new RegExp(`(<${name}[\\s>][^>]*>|<${name}>)([\\s\\S]*?)</${name}>`, 'g'))].map(([, tag, inside]) => [tag, inside]);
  }
}

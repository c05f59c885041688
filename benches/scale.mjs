// Whether a request costs more where there are more meetings: benches/scale
//
// The same instance is filled to a thousand meetings and to a hundred thousand, by copying
// (many.py). Everybody has as many as before: there are more people, and more tracks. Then
// the list of Mei's twenty meetings, her calendar and the making of a meeting with both
// invitations are measured on each, in turns, so that whatever else the machine does meets
// both alike. What is compared is CPU time, of all threads and in the background too. At last
// each is killed amid its work and started again.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { send } from './browser.mjs';
import { configuration, cpu, demo, end, folder, freePort, mailServer, median, pause, rests, serve, signedIn, stop, wrk } from './ithaca.mjs';

const SIZES = [1_000, 100_000];
const ROUNDS = 3;
const CREATES = 200;
const CUTS = 5;

/** The filled form of a new meeting by phone with Luis. */
async function byPhone(mei, url, title) {
  await mei.opens(`${url}/larkspur/tracks/new-managers/meetings/new`);
  const form = mei.form('Create meeting');
  form.fields.set('title', title);
  form.chooses('Luis Ortega');
  form.chooses('Phone');
  return form;
}

async function measure() {
  const data = path.join(folder, 'demo');
  const ports = [await freePort(), await freePort()];
  const kept = ['--listen', `127.0.0.1:${ports[0]}`, '--sandbox-listen', `127.0.0.1:${ports[1]}`, '--data', data];
  let ithaca = await demo(...kept);
  const mei = await signedIn(ithaca, 'Mei Tanaka');
  for (let number = 1; number <= 20; number += 1) {
    await mei.sends(await byPhone(mei, ithaca.url, `First steps ${number}`));
  }
  await mei.opens(`${ithaca.url}/larkspur/profile`);
  await mei.presses('Make an address');
  const feed = mei.html.match(/\/calendar\/[^<"]+\.ics/)[0];
  const form = await byPhone(mei, ithaca.url, 'Measured');
  await rests(ithaca.child);
  await stop(ithaca.child);

  const mail = await mailServer();
  const sides = [];
  for (const size of SIZES) {
    const listen = await freePort();
    const config = configuration(data, ithaca, listen, mail.port);
    const own = path.join(folder, `of-${size}`);
    fs.mkdirSync(own);
    for (const name of fs.readdirSync(folder)) {
      if (name.startsWith('ithaca.')) fs.renameSync(path.join(folder, name), path.join(own, name));
    }
    const moved = path.join(own, 'ithaca.toml');
    const text = fs.readFileSync(moved, 'utf8').replaceAll(path.join(folder, 'ithaca.'), path.join(own, 'ithaca.'));
    fs.writeFileSync(moved, text);
    const count = execFileSync('python3', [path.join(import.meta.dirname, 'many.py'), path.join(own, 'ithaca.db'), String(size)]);
    console.error(`${count.toString().trim()} meetings, ${(fs.statSync(path.join(own, 'ithaca.db')).size / 1_048_576).toFixed(0)} MB`);
    sides.push({ size, config: moved, address: `http://127.0.0.1:${listen}`, figures: new Map() });
  }
  ithaca = { ...ithaca };
  const host = new URL(ithaca.url).host;
  const headers = { host, cookie: mei.cookieHeader(ithaca.url) };
  const note = (side, what, figure) => {
    side.figures.set(what, [...(side.figures.get(what) ?? []), figure]);
    console.error(`${side.size}: ${what}: ${figure.toFixed(2)} ms CPU`);
  };
  const creates = async (side) => {
    const fields = new URLSearchParams(form.fields);
    fields.set('once', randomUUID());
    const answer = await send(`${side.address}${form.address.pathname}`, {
      method: 'POST', headers: { ...mei.formHeaders(ithaca.url), host }, body: fields.toString(),
    });
    if (answer.status !== 303) throw new Error(`a meeting was not created: ${answer.status}`);
  };
  // Reading comes before any making: what is made lands in Mei's calendar.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const side of sides) {
      const server = await serve(side.config, side.address);
      await rests(server);
      const pages = [
        ['list of my meetings', `${side.address}/larkspur/meetings`, 'First steps'],
        ['the feed', `${side.address}${feed}`, 'BEGIN:VEVENT'],
      ];
      for (const [what, address, words] of pages) {
        const page = await send(address, { headers });
        if (page.status !== 200 || !page.text.includes(words)) throw new Error(`${what}: ${page.status}`);
        wrk(address, headers, 2);
        const before = cpu(server);
        const asked = wrk(address, headers, 5);
        note(side, what, (cpu(server) - before) / asked.requests);
      }
      await stop(server);
    }
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const side of sides) {
      const server = await serve(side.config, side.address);
      await rests(server);
      const create = () => creates(side);
      await create();
      await rests(server);
      const taken = mail.counted.taken;
      const before = cpu(server);
      let left = CREATES;
      await Promise.all(Array.from({ length: 8 }, async () => { while (left-- > 0) await create(); }));
      while (mail.counted.taken < taken + 2 * CREATES) await pause(100);
      await rests(server);
      note(side, 'creating a meeting, with both invitations', (cpu(server) - before) / CREATES);
      await stop(server);
    }
  }
  for (const side of sides) {
    side.ready = [];
    for (let round = 0; round < CUTS; round += 1) {
      const cut = await serve(side.config, side.address);
      await creates(side);
      await stop(cut, 'SIGKILL');
      const began = performance.now();
      const server = await serve(side.config, side.address);
      side.ready.push(performance.now() - began);
      await stop(server);
    }
  }
  mail.server.close();
  const [few, many] = sides;
  console.log(`\n| CPU per request | ${SIZES[0].toLocaleString('en')} meetings | ${SIZES[1].toLocaleString('en')} meetings | ratio |\n|---|---|---|---|`);
  for (const what of few.figures.keys()) {
    const [one, other] = [few, many].map((side) => median(side.figures.get(what)));
    console.log(`| ${what} | ${one.toFixed(2)} ms | ${other.toFixed(2)} ms | ${(other / one).toFixed(2)} |`);
  }
  const [one, other] = [few, many].map((side) => median(side.ready));
  console.log(`| ready after kill -9 (wall clock) | ${one.toFixed(0)} ms | ${other.toFixed(0)} ms | ${(other / one).toFixed(2)} |`);
  console.log(`\nMedian of ${ROUNDS}, ${os.cpus()[0].model}, ${os.cpus().length} cores, ${os.type()} ${os.release()}, SQLite, benches/scale`);
}

try {
  await measure();
} finally {
  end();
}
process.exit(0);

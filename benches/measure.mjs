// What Ithaca costs, measured from outside.
//
// Time to ready and memory are those of `ithaca demo`: Ithaca, the sandbox tenant and its
// mail server in one process. What a request costs is measured on `ithaca serve`, which
// continues where the demo's walk ended (the same rows, keys and sessions) and speaks with
// the sandbox of another process, so that its CPU time is Ithaca's alone.
//
// CPU time is utime + stime of /proc/PID/stat: all threads, what happens in the background
// included.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { send } from './browser.mjs';
import {
  CONNECTIONS, binary, configuration, cpu, demo, enable, end, folder, freePort, integrate, mailServer, median, memory,
  newMeeting, pause, rests, serve, signedIn, stop, truth, wrk,
} from './ithaca.mjs';

const STARTS = 5;
const CREATES = 400;
const CREATES_AT_ONCE = 8;

async function measure() {
  const rows = [];
  const say = (what, figure) => { rows.push([what, figure]); console.error(`${what}: ${figure}`); };
  const megabytes = (figure) => `${figure.toFixed(1)} MB`;

  say('binary', megabytes(fs.statSync(binary).size / 1_048_576));
  const free = ['--listen', '127.0.0.1:0', '--sandbox-listen', '127.0.0.1:0'];
  const starts = [];
  for (let index = 0; index < STARTS; index += 1) {
    const one = await demo(...free);
    starts.push(one.took);
    if (index === 0) {
      await rests(one.child);
      say('demo: memory when idle', megabytes(memory(one.child)));
    }
    await stop(one.child);
  }
  say('demo: time to ready', `${median(starts).toFixed(0)} ms (median of ${STARTS})`);

  // The walk, by forms.
  const data = path.join(folder, 'demo');
  const ports = [await freePort(), await freePort()];
  const kept = ['--listen', `127.0.0.1:${ports[0]}`, '--sandbox-listen', `127.0.0.1:${ports[1]}`, '--data', data];
  let ithaca = await demo(...kept);
  await integrate(ithaca);
  await enable(ithaca);
  const mei = await signedIn(ithaca, 'Mei Tanaka');
  for (let number = 1; number <= 20; number += 1) {
    await mei.sends(await newMeeting(mei, ithaca, `First steps ${number}`));
  }
  await mei.comesToSee('Join Teams meeting');
  await rests(ithaca.child);
  say('demo: memory after the walk', megabytes(memory(ithaca.child)));
  await stop(ithaca.child);

  // The same instance in earnest; the demo goes on as its Microsoft.
  const mail = await mailServer();
  const listen = await freePort();
  const config = configuration(data, ithaca, listen, mail.port);
  ithaca = await demo(...kept);
  const own = `http://127.0.0.1:${listen}`;
  const server = await serve(config, own);
  const host = new URL(ithaca.url).host;
  await rests(server);
  say('serve: memory when idle', megabytes(memory(server)));

  const list = `${own}/larkspur/meetings`;
  const headers = { host, cookie: mei.cookieHeader(ithaca.url) };
  const page = await send(list, { headers });
  if (page.status !== 200 || !page.text.includes('First steps')) throw new Error(`no list: ${page.status}`);
  wrk(list, headers);
  let before = cpu(server);
  const listed = wrk(list, headers);
  say('meeting list, 20 meetings', `${listed.perSecond.toFixed(0)} requests/s, ${((cpu(server) - before) / listed.requests).toFixed(2)} ms CPU each, half within ${listed.half}, 99 % within ${listed.most} (${CONNECTIONS} connections, ${(page.text.length / 1_024).toFixed(0)} kB)`);

  const form = await newMeeting(mei, ithaca, 'Measured');
  const address = `${own}${form.address.pathname}`;
  const formHeaders = { ...mei.formHeaders(ithaca.url), host };
  const times = [];
  const create = async () => {
    const fields = new URLSearchParams(form.fields);
    fields.set('once', randomUUID());
    const began = performance.now();
    const answer = await send(address, { method: 'POST', headers: formHeaders, body: fields.toString() });
    times.push(performance.now() - began);
    if (answer.status !== 303) throw new Error(`a meeting was not created: ${answer.status}`);
  };
  for (let number = 0; number < 20; number += 1) await create();
  await rests(server);
  times.length = 0;
  const meetingsBefore = (await truth(ithaca)).meetings.length;
  const mailsBefore = mail.counted.taken;
  before = cpu(server);
  const began = performance.now();
  let left = CREATES;
  await Promise.all(Array.from({ length: CREATES_AT_ONCE }, async () => {
    while (left-- > 0) await create();
  }));
  const answered = performance.now() - began;
  while ((await truth(ithaca)).meetings.length < meetingsBefore + CREATES || mail.counted.taken < mailsBefore + 2 * CREATES) {
    if (performance.now() - began > 600_000) throw new Error('the links never came');
    await pause(250);
  }
  const whole = performance.now() - began;
  await rests(server);
  const spent = cpu(server) - before;
  const sorted = times.toSorted((one, other) => one - other);
  say('create a Teams meeting', `${(CREATES / answered * 1_000).toFixed(0)} requests/s, half answered within ${sorted[CREATES / 2].toFixed(1)} ms, 99 % within ${sorted[Math.floor(CREATES * 0.99)].toFixed(1)} ms (${CREATES_AT_ONCE} at once)`);
  say('… with its link and both invitations', `${(CREATES / whole * 1_000).toFixed(0)} meetings/s, ${(spent / CREATES).toFixed(2)} ms CPU each, everything included`);

  const phone = new URLSearchParams(form.fields);
  phone.set('mode', 'phone');
  form.fields = phone;
  await rests(server);
  before = cpu(server);
  left = CREATES;
  await Promise.all(Array.from({ length: CREATES_AT_ONCE }, async () => {
    while (left-- > 0) await create();
  }));
  while (mail.counted.taken < mailsBefore + 4 * CREATES) await pause(100);
  await rests(server);
  say('create a meeting by phone, with both invitations', `${((cpu(server) - before) / CREATES).toFixed(2)} ms CPU each`);
  say('serve: memory after all that', `${megabytes(memory(server))}, at most ${megabytes(memory(server, 'VmHWM'))}`);

  await stop(server);
  await stop(ithaca.child);
  mail.server.close();
  console.log(`\n| what | measured |\n|---|---|`);
  for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
  console.log(`\n${os.cpus()[0].model}, ${os.cpus().length} cores, ${os.type()} ${os.release()}, SQLite; ${process.argv[3] ? `the binary ${path.basename(binary)}` : 'a release build'}, benches/run`);
}

try {
  await measure();
} finally {
  end();
}
process.exit(0);

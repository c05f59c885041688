// What Ithaca costs, measured from outside.
//
// Time to ready and memory are those of `ithaca demo`: Ithaca, the sandbox tenant and its
// mail server in one process. What a request costs is measured on `ithaca serve`, which
// continues where the demo's walk ended (the same rows, keys and sessions) and speaks with
// the sandbox of another process, so that its CPU time is Ithaca's alone.
//
// CPU time is utime + stime of /proc/PID/stat: all threads, what happens in the background
// included.
import { spawn, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Browser, send } from './browser.mjs';

const STARTS = 5;
const SECONDS = 10;
const CONNECTIONS = 16;
const CREATES = 400;
const CREATES_AT_ONCE = 8;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());

const binary = path.resolve(process.argv[2]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ithaca-bench-'));
const running = new Set();
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function start(parameters) {
  const child = spawn(binary, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.said = '';
  child.stderr.on('data', (part) => { child.said = (child.said + part).slice(-4_000); });
  child.ended = new Promise((resolve) => child.on('exit', () => { running.delete(child); resolve(); }));
  return child;
}

async function stop(child) {
  child.kill('SIGTERM');
  await child.ended;
}

/** Starts a demo and waits for its first line, which it says when everything answers. */
async function demo(...more) {
  const began = performance.now();
  const child = start(['demo', '--json', ...more]);
  const line = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (part) => {
      said += part;
      if (said.includes('\n')) resolve(said.split('\n')[0]);
    });
    child.ended.then(() => reject(new Error(`the demo ended: ${child.said}`)));
  });
  return { child, took: performance.now() - began, ...JSON.parse(line) };
}

const cpu = ({ pid }) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 1_000 / TICKS_PER_SECOND;
};
const memory = ({ pid }, what = 'VmRSS') => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${what}:\\s+(\\d+)`))[1]) / 1_024;
const median = (figures) => figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)];

/** Until the process has done next to nothing for a second. */
async function rests(child) {
  for (;;) {
    const before = cpu(child);
    await pause(1_000);
    if (cpu(child) - before <= 2_000 / TICKS_PER_SECOND) return;
  }
}

async function signedIn(ithaca, name) {
  const browser = new Browser();
  await browser.opens(ithaca.url);
  await browser.presses(`Continue as ${name}`);
  return browser;
}

async function integrate(ithaca) {
  const amara = await signedIn(ithaca, 'Amara Okafor');
  await amara.opens(`${ithaca.url}/larkspur/manage/integrations/teams`);
  await amara.presses('Integrate');
  await amara.presses('scheduler@larkspur.example');
  await amara.presses('Accept');
  await amara.opens(`${ithaca.url}/larkspur/manage/integrations/teams`);
  await amara.comesToSee('Last check');
}

async function enable(ithaca) {
  const jonas = await signedIn(ithaca, 'Jonas Weber');
  await jonas.opens(`${ithaca.url}/larkspur/tracks/new-managers/settings/permissions`);
  const form = jonas.form('Save');
  form.chooses('Teams video call');
  await jonas.sends(form);
}

/** The filled form of a new Teams meeting with Luis. */
async function newMeeting(browser, ithaca, title) {
  await browser.opens(`${ithaca.url}/larkspur/tracks/new-managers/meetings/new`);
  await browser.comesToSee('Teams video call');
  const form = browser.form('Create meeting');
  form.fields.set('title', title);
  form.chooses('Luis Ortega');
  form.chooses('Teams video call');
  return form;
}

/** A mail server that takes everything, so that mail costs Ithaca what it costs in earnest. */
function mailServer() {
  const counted = { taken: 0 };
  const server = net.createServer((socket) => {
    let text = '';
    let inside = false;
    socket.on('error', () => {});
    socket.write('220 localhost ESMTP\r\n');
    socket.on('data', (part) => {
      text += part.toString('latin1');
      for (;;) {
        const end = inside ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
        if (end < 0) return;
        const line = text.slice(0, end);
        text = text.slice(end + (inside ? 5 : 2));
        if (inside) {
          inside = false;
          counted.taken += 1;
          socket.write('250 2.0.0 taken\r\n');
        } else if (/^EHLO/i.test(line)) socket.write('250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10000000\r\n');
        else if (/^DATA/i.test(line)) { inside = true; socket.write('354 go on\r\n'); }
        else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else socket.write('250 2.0.0 fine\r\n');
      }
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ server, counted, port: server.address().port })));
}

/** The first value below `value` that has a list of secrets: the app registration. */
function registration(value) {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value.secrets) && value.secrets.length) return value;
  for (const inner of Object.values(value)) {
    const found = registration(inner);
    if (found) return found;
  }
  return undefined;
}

/** Writes the configuration of an instance that goes on where the demo's walk ended. */
function configuration(data, ithaca, listen, mailPort) {
  const app = registration(JSON.parse(fs.readFileSync(path.join(data, 'sandbox.json'), 'utf8')));
  const file = (name, content) => {
    fs.writeFileSync(path.join(folder, name), content, { mode: 0o600 });
    return path.join(folder, name);
  };
  const secret = app.secrets.at(-1).value;
  const id = app.client_id ?? app.id;
  for (const name of fs.readdirSync(data)) {
    if (name.startsWith('ithaca.')) fs.copyFileSync(path.join(data, name), path.join(folder, name));
  }
  fs.chmodSync(path.join(folder, 'ithaca.key'), 0o600);
  return file('ithaca.toml', `
public_url = "${ithaca.url}"
listen = "127.0.0.1:${listen}"
key_file = "${path.join(folder, 'ithaca.key')}"
[database]
url = "sqlite:${path.join(folder, 'ithaca.db')}"
[smtp]
host = "127.0.0.1"
port = ${mailPort}
tls = "none"
from = "ithaca@ithaca.example"
[microsoft]
login = "${ithaca.sandbox_url}"
graph = "${ithaca.sandbox_url}"
join_hosts = ["${new URL(ithaca.sandbox_url).host}"]
client_id = "${id}"
client_secret_files = ["${file('client-secret', secret)}"]
[log]
filter = "warn"
`);
}

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

async function truth(ithaca) {
  return JSON.parse((await send(`${ithaca.sandbox_admin_url}/_sandbox/truth`)).text);
}

function wrk(address, headers) {
  const said = execFileSync('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency',
    // wrk adds a Host of its own unless it finds one spelled so.
    '-H', `Host: ${headers.host}`, '-H', `Cookie: ${headers.cookie}`, address]).toString();
  if (/Non-2xx/.test(said)) throw new Error(`not every request was answered:\n${said}`);
  return {
    requests: Number(said.match(/(\d+) requests in/)[1]),
    perSecond: Number(said.match(/Requests\/sec:\s+([\d.]+)/)[1]),
    half: said.match(/50%\s+(\S+)/)[1],
    most: said.match(/99%\s+(\S+)/)[1],
  };
}

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
  const server = start(['serve', '--config', config]);
  const own = `http://127.0.0.1:${listen}`;
  const host = new URL(ithaca.url).host;
  for (const began = performance.now(); ;) {
    const up = await send(`${own}/health/ready`).then((answer) => answer.status === 200, () => false);
    if (up) break;
    if (performance.now() - began > 20_000 || !running.has(server)) throw new Error(`serve does not start: ${server.said}`);
    await pause(20);
  }
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
  for (const child of running) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

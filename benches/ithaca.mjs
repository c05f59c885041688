// Starts Ithaca as its measurements need it, and reads what it costs from /proc.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Browser, send } from './browser.mjs';

export const CONNECTIONS = 16;
const SECONDS = 10;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());

export const binary = path.resolve(process.argv[2]);
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ithaca-bench-'));
export const running = new Set();
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function start(parameters) {
  const child = spawn(binary, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.said = '';
  child.stderr.on('data', (part) => { child.said = (child.said + part).slice(-4_000); });
  child.ended = new Promise((resolve) => child.on('exit', () => { running.delete(child); resolve(); }));
  return child;
}

export async function stop(child, signal = 'SIGTERM') {
  child.kill(signal);
  await child.ended;
}

/** Starts a demo and waits for its first line, which it says when everything answers. */
export async function demo(...more) {
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

export const cpu = ({ pid }) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 1_000 / TICKS_PER_SECOND;
};
export const memory = ({ pid }, what = 'VmRSS') => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${what}:\\s+(\\d+)`))[1]) / 1_024;
export const median = (figures) => figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)];

/** Until the process has done next to nothing for a second. */
export async function rests(child) {
  for (;;) {
    const before = cpu(child);
    await pause(1_000);
    if (cpu(child) - before <= 2_000 / TICKS_PER_SECOND) return;
  }
}

export async function signedIn(ithaca, name) {
  const browser = new Browser();
  await browser.opens(ithaca.url);
  await browser.presses(`Continue as ${name}`);
  return browser;
}

export async function integrate(ithaca) {
  const amara = await signedIn(ithaca, 'Amara Okafor');
  await amara.opens(`${ithaca.url}/larkspur/manage/integrations/teams`);
  await amara.presses('Integrate');
  await amara.presses('scheduler@larkspur.example');
  await amara.presses('Accept');
  await amara.opens(`${ithaca.url}/larkspur/manage/integrations/teams`);
  await amara.comesToSee('Last check');
}

export async function enable(ithaca) {
  const jonas = await signedIn(ithaca, 'Jonas Weber');
  await jonas.opens(`${ithaca.url}/larkspur/tracks/new-managers/settings/permissions`);
  const form = jonas.form('Save');
  form.chooses('Teams video call');
  await jonas.sends(form);
}

/** The filled form of a new Teams meeting with Luis. */
export async function newMeeting(browser, ithaca, title) {
  await browser.opens(`${ithaca.url}/larkspur/tracks/new-managers/meetings/new`);
  await browser.comesToSee('Teams video call');
  const form = browser.form('Create meeting');
  form.fields.set('title', title);
  form.chooses('Luis Ortega');
  form.chooses('Teams video call');
  return form;
}

/** A mail server that takes everything, so that mail costs Ithaca what it costs in earnest. */
export function mailServer() {
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
export function configuration(data, ithaca, listen, mailPort) {
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

export const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

export async function truth(ithaca) {
  return JSON.parse((await send(`${ithaca.sandbox_admin_url}/_sandbox/truth`)).text);
}

export function wrk(address, headers, seconds = SECONDS) {
  const said = execFileSync('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency',
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

/** Starts an instance as configured and waits until it is ready. */
export async function serve(config, own) {
  const server = start(['serve', '--config', config]);
  for (const began = performance.now(); ;) {
    const up = await send(`${own}/health/ready`).then((answer) => answer.status === 200, () => false);
    if (up) return server;
    if (performance.now() - began > 20_000 || !running.has(server)) throw new Error(`serve does not start: ${server.said}`);
    await pause(20);
  }
}

/** Ends what is left, whatever happened. */
export function end() {
  for (const child of running) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
}

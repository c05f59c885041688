// An instance in earnest for measurements: `ithaca serve`, one or several nodes, beside a
// sandbox tenant in a process of its own; founded on the command line and by pages, as an
// operator and an administrator would.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Browser, send } from './browser.mjs';

const PASSWORD = 'sails of black and white';
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']).toString());
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const median = (figures) => figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)];
export const machine = () => `${os.cpus()[0].model}, ${os.cpus().length} cores, ${os.type()} ${os.release()}, load before: ${os.loadavg()[0].toFixed(1)}`;

/** Milliseconds of CPU time that a process has used, all its threads together. */
export const cpu = ({ pid }) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 1_000 / TICKS;
};
/** Megabytes of resident memory. */
export const memory = ({ pid }, what = 'VmRSS') => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${what}:\\s+(\\d+)`))[1]) / 1_024;

export const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

export function start(binary, words) {
  const child = spawn(binary, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.said = '';
  child.stdout.on('data', (part) => { child.out = (child.out ?? '') + part; });
  child.stderr.on('data', (part) => { child.said = (child.said + part).slice(-4_000); });
  child.ended = new Promise((resolve) => child.on('exit', (code) => { running.delete(child); resolve(code); }));
  return child;
}

export async function stop(child, signal = 'SIGTERM') {
  child.kill(signal);
  await child.ended;
}

/** Waits until it is so. */
export async function comes(what, isSo, patience = 60_000) {
  const began = performance.now();
  while (!await isSo()) {
    if (performance.now() - began > patience) throw new Error(`waited in vain for ${what}`);
    await pause(5);
  }
  return performance.now() - began;
}

export class Instance {
  nodes = [];

  constructor(binary, folder, database) {
    Object.assign(this, { binary, folder, database });
    fs.mkdirSync(folder, { recursive: true });
  }

  /** Starts the sandbox and registers Ithaca there; the first node's address is the public one. */
  async prepares() {
    const free = ['--listen', '--tls-listen', '--smtp-listen', '--admin-listen'].flatMap((flag) => [flag, 'localhost:0']);
    this.sandbox = start(this.binary, ['sandbox', ...free, '--json']);
    await comes('the sandbox', () => this.sandbox.out?.includes('\n'));
    this.line = JSON.parse(this.sandbox.out.split('\n')[0]);
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    execFileSync(this.binary, ['key', 'create', path.join(this.folder, 'key')]);
    const wanted = {
      name: 'Ithaca',
      publisher: 'Ithaca (self-hosted)',
      redirects: [{ type: 'web', uri: `${this.url}/integrations/microsoft/callback` }],
      delegated: ['openid', 'profile', 'offline_access', 'User.Read', 'User.ReadBasic.All', 'OnlineMeetings.ReadWrite'],
    };
    this.app = await this.tellsTheSandbox('POST', 'applications', wanted);
    fs.writeFileSync(path.join(this.folder, 'client-secret'), this.app.client_secret, { mode: 0o600 });
    return this.configures(this.port);
  }

  async tellsTheSandbox(method, what, body) {
    const answer = await send(`${this.line.admin_url.replace(/\/$/, '')}/_sandbox/${what}`, {
      method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body),
    });
    if (answer.status >= 300) throw new Error(`the sandbox says ${answer.status}: ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : undefined;
  }

  async configures(port) {
    const operator = await freePort();
    const [mailHost, mailPort] = this.line.smtp.split(':');
    const config = path.join(this.folder, `node-${port}.toml`);
    fs.writeFileSync(config, `
public_url = "${this.url}"
listen = "127.0.0.1:${port}"
key_file = "key"
[database]
url = "${this.database}"
[operator]
listen = "127.0.0.1:${operator}"
[smtp]
host = "${mailHost}"
port = ${mailPort}
tls = "none"
from = "ithaca@ithaca.example"
[microsoft]
login = "${this.line.url}"
graph = "${this.line.url}"
join_hosts = ["${new URL(this.line.url).host}"]
client_id = "${this.app.client_id}"
client_secret_files = ["client-secret"]
[limits]
api_requests_per_minute = 60000
[log]
filter = "warn"
`);
    return { config, url: `http://127.0.0.1:${port}`, operator: `http://127.0.0.1:${operator}` };
  }

  /** Starts one more node; answers it with the milliseconds until it was ready. */
  async starts(settings) {
    const node = { ...settings, child: start(this.binary, ['serve', '--config', settings.config]) };
    node.took = await comes('a node', async () => {
      if (!running.has(node.child)) throw new Error(`serve ended: ${node.child.said}`);
      return send(`${node.operator}/health/ready`).then((answer) => answer.status === 200, () => false);
    }, 120_000);
    this.nodes.push(node);
    return node;
  }

  async startsAnother() {
    return this.starts(await this.configures(await freePort()));
  }

  /** People, a track with Teams, and a token of Mei's. */
  async founds() {
    const { config } = this.nodes[0];
    const ithaca = (...words) => execFileSync(this.binary, [...words, '--config', config]).toString();
    ithaca('organization', 'create', 'Larkspur Health', '--slug', 'larkspur');
    const joins = async (first, last, ...more) => {
      const said = ithaca('member', 'invite', '--organization', 'larkspur', '--first-name', first, '--last-name', last,
        '--email', `${first.toLowerCase()}@larkspur.example`, ...more);
      const browser = new Browser();
      await browser.opens(said.split('\n')[0].trim());
      const form = browser.form('Accept the invitation');
      form.fields.set('password', PASSWORD);
      await browser.sends(form);
      return browser;
    };
    const amara = await joins('Amara', 'Okafor', '--global-administrator');
    this.mei = await joins('Mei', 'Tanaka');
    await joins('Luis', 'Ortega');
    await amara.opens(`${this.url}/larkspur/manage/tracks/new`);
    let form = amara.form('Create track');
    form.fields.set('name', 'New Managers');
    form.chooses('Phone');
    await amara.sends(form);
    for (const [name, role] of [['Mei Tanaka', 'mentor'], ['Luis Ortega', 'mentee']]) {
      await amara.opens(`${this.url}/larkspur/tracks/new-managers/settings/participants`);
      form = amara.form('Add participant');
      const option = amara.html.match(new RegExp(`<option value="([^"]*)"[^>]*>\\s*${name}`));
      form.fields.set('member', option[1]);
      form.fields.append('roles', role);
      await amara.sends(form);
    }
    await amara.opens(`${this.url}/larkspur/manage/integrations/teams`);
    await amara.presses('Integrate');
    await amara.presses('scheduler@larkspur.example');
    await amara.presses('Accept');
    await amara.opens(`${this.url}/larkspur/manage/integrations/teams`);
    await amara.comesToSee('Last check');
    await amara.opens(`${this.url}/larkspur/tracks/new-managers/settings/permissions`);
    form = amara.form('Save');
    form.chooses('Teams video call');
    await amara.sends(form);
    await this.mei.opens(`${this.url}/larkspur/tracks/new-managers/meetings/new`);
    await this.mei.comesToSee('Teams video call');
    await this.mei.opens(`${this.url}/larkspur/profile`);
    form = this.mei.form('Make token');
    form.fields.set('token_name', 'Bench');
    form.fields.set('token_scope', 'write');
    await this.mei.sends(form);
    [this.token] = this.mei.html.match(/ith_[A-Za-z0-9_-]+/);
    const { items } = JSON.parse((await this.asks(this.nodes[0], 'GET', '/tracks')).text);
    this.track = items[0].id;
  }

  /** What a program of Mei's gets for this request at that node. */
  asks(node, method, where, body) {
    const headers = { host: new URL(this.url).host, authorization: `Bearer ${this.token}` };
    if (body) headers['content-type'] = 'application/json';
    return send(`${node.url}/api/v1${where}`, { method, headers, body: body && JSON.stringify(body) });
  }

  async creates(node, title, mode) {
    const start = new Date(Date.now() + 48 * 3_600_000).toISOString().slice(0, 16);
    const answer = await this.asks(node, 'POST', `/tracks/${this.track}/meetings`, {
      title, agenda: '', attendees: ['luis@larkspur.example'], local_start: start, time_zone: 'UTC',
      duration_minutes: 30, mode, location: '', repetition: null,
    });
    if (answer.status !== 201) throw new Error(`a meeting was not created: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** What one sample of a node's metrics says. */
  async metric(node, name) {
    const { text } = await send(`${node.operator}/metrics`);
    const line = text.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`) && one.startsWith(name));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  }

  async ends() {
    for (const node of this.nodes) if (running.has(node.child)) await stop(node.child);
    await stop(this.sandbox);
  }
}

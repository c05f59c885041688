// What several nodes on one PostgreSQL do: see benches/nodes. Everything shares the machine:
// the nodes, PostgreSQL, the sandbox and those who ask, so that the ratio of three nodes to
// one says more than either figure, and the CPU time of nodes and PostgreSQL together more
// than the throughput.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Instance, comes, cpu, machine, pause, stop } from './instance.mjs';

const [binary, server, postmaster] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ithaca-nodes-bench-'));
const SECONDS = 10;
const CREATES = 600;
const MANY = 100_000;
const rows = [];
const say = (what, figure) => { rows.push([what, figure]); console.error(`${what}: ${figure}`); };
const psql = (database, sql) => execFileSync('psql', ['--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', `${server}/${database}`, '--command', sql]).toString().trim();

/** Milliseconds of CPU time that the nodes and PostgreSQL have used so far. */
function used(instance) {
  const nodes = instance.nodes.reduce((sum, node) => sum + cpu(node.child), 0);
  const backends = fs.readdirSync('/proc').filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === postmaster;
    } catch { return false; }
  });
  // One may end between being found and being looked at.
  const ofBackend = (pid) => { try { return cpu({ pid }); } catch { return 0; } };
  return backends.reduce((sum, pid) => sum + ofBackend(pid), nodes);
}

/** wrk at every node at once; the sum of what they answered a second. */
async function load(instance, address) {
  const host = new URL(instance.url).host;
  const each = await Promise.all(instance.nodes.map((node) => new Promise((resolve, reject) => {
    const wrk = spawn('wrk', ['-t1', `-c${Math.floor(24 / instance.nodes.length)}`, `-d${SECONDS}s`, '-H', `Host: ${host}`,
      '-H', `Authorization: Bearer ${instance.token}`, `${node.url}${address}`]);
    let said = '';
    wrk.stdout.on('data', (part) => { said += part; });
    wrk.on('exit', () => (/Non-2xx/.test(said) ? reject(new Error(said)) : resolve(Number(said.match(/(\d+) requests in/)[1]))));
  })));
  return each.reduce((sum, one) => sum + one, 0);
}

/** What was done a second, and what each cost. */
async function costs(instance, work) {
  const [before, began] = [used(instance), performance.now()];
  const many = await work();
  return { perSecond: many / (performance.now() - began) * 1_000, each: (used(instance) - before) / many };
}

/** Meetings made at all nodes in turn, until every letter has left. */
async function makes(instance, mode) {
  const before = Number(psql(instance.name, "SELECT count(*) FROM outbox WHERE fate = 'sent'"));
  let next = 0;
  await Promise.all(Array.from({ length: 12 }, async () => {
    while (next < CREATES) {
      const number = next++;
      await instance.creates(instance.nodes[number % instance.nodes.length], `Step ${number}`, mode);
    }
  }));
  await comes('the letters', async () => {
    await pause(100);
    return Number(psql(instance.name, "SELECT count(*) FROM outbox WHERE fate = 'sent'")) >= before + 2 * CREATES;
  }, 600_000);
  return CREATES;
}

async function opens(name, nodes) {
  psql('postgres', `CREATE DATABASE ${name}`);
  const instance = new Instance(path.resolve(binary), path.join(folder, name), `${server}/${name}`);
  instance.name = name;
  await instance.starts(await instance.prepares());
  while (instance.nodes.length < nodes) await instance.startsAnother();
  await instance.founds();
  return instance;
}

/** The columns of a table, with some of them said otherwise. */
function copies(instance, table, otherwise, from, where) {
  const columns = psql(instance.name, `SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = '${table}'`).split(',');
  const values = columns.map((column) => otherwise[column] ?? `t.${column}`);
  return `INSERT INTO ${table} (${columns.join(',')}) SELECT ${values.join(',')} FROM ${table} t ${from} WHERE ${where}`;
}

const found = {};
for (const nodes of [1, 3]) {
  const instance = await opens(`nodes_${nodes}`, nodes);
  await makes(instance, 'phone');
  // As autovacuum does within a minute: of tables that it knows nothing of, PostgreSQL reads
  // lists twenty times as dearly.
  psql(instance.name, 'ANALYZE');
  found[nodes] = {
    'list of meetings by API': await costs(instance, () => load(instance, '/api/v1/meetings')),
    'meeting by phone, both letters sent': await costs(instance, () => makes(instance, 'phone')),
    'Teams meeting, link made and both letters sent': await costs(instance, () => makes(instance, 'teams')),
  };
  for (const [what, { perSecond, each }] of Object.entries(found[nodes])) {
    say(`${nodes} node${nodes > 1 ? 's' : ''}: ${what}`, `${perSecond.toFixed(0)} a second, ${each.toFixed(2)} ms of CPU each (nodes and PostgreSQL)`);
  }
  if (nodes === 3) {
    const sleeping = await instance.tellsTheSandbox('POST', 'faults', { on: { path_prefix: '/v1.0' }, do: { status: 503 } });
    for (let number = 0; number < 50; number += 1) await instance.creates(instance.nodes[number % 3], `Late ${number}`, 'teams');
    await pause(60_000);
    await instance.tellsTheSandbox('DELETE', `faults/${sleeping.number ?? sleeping.id}`);
    const waits = () => Number(psql(instance.name, "SELECT count(*) FROM meeting_links WHERE state <> 'ready'"));
    say('50 links that waited a minute for Microsoft, all there after', `${(await comes('all links', async () => { await pause(50); return waits() === 0; }, 300_000) / 1_000).toFixed(1)} s`);
  }
  if (nodes === 1) {
    psql(instance.name, `CREATE TABLE many AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, ${MANY}) n`);
    const first = psql(instance.name, "SELECT m.id FROM meetings m JOIN meeting_links l ON l.id = m.id AND l.organization_id = m.organization_id LIMIT 1");
    const one = 'CROSS JOIN many';
    psql(instance.name, copies(instance, 'meetings', { id: 'many.id', uid: "'many-' || many.n", join_code: 'md5(many.id::text)', form_key: 'NULL' }, one, `t.id = '${first}'`));
    psql(instance.name, copies(instance, 'meeting_links', { id: 'many.id', online_meeting_id: "'many-' || many.n" }, one, `t.id = '${first}'`));
    for (const table of ['attendees', 'occurrences']) {
      const columns = psql(instance.name, `SELECT string_agg(column_name, ',') FROM information_schema.columns WHERE table_name = '${table}'`).split(',');
      const otherwise = { meeting_id: 'many.id' };
      if (columns.includes('id')) otherwise.id = 'gen_random_uuid()';
      if (columns.includes('answer_code')) otherwise.answer_code = 'md5(random()::text)';
      psql(instance.name, copies(instance, table, otherwise, one, `t.meeting_id = '${first}'`));
    }
    psql(instance.name, 'ANALYZE');
    say('meetings in the database', psql(instance.name, 'SELECT count(*) FROM meetings'));
    const times = [];
    for (let round = 0; round < 5; round += 1) {
      const node = instance.nodes.pop();
      await instance.creates(node, `Before the cut ${round}`, 'teams');
      await stop(node.child, 'SIGKILL');
      times.push((await instance.starts(node)).took);
    }
    say('ready after kill -9', `${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  }
  await instance.ends();
}
for (const what of Object.keys(found[1])) {
  const ratio = (figure) => (found[3][what][figure] / found[1][what][figure]).toFixed(2);
  say(`three nodes to one: ${what}`, `${ratio('perSecond')} of the throughput, ${ratio('each')} of the CPU time each`);
}
console.log('\n| what | measured |\n|---|---|');
for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
console.log(`\n${machine()}, shared by nodes, PostgreSQL, sandbox and load; benches/nodes`);
fs.rmSync(folder, { recursive: true, force: true });

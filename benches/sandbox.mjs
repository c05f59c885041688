// What the sandbox tenant costs as a program of its own.
//
// Each meeting call is a createOrGet of a new meeting over HTTP/1.1, as an app that acts for a
// host; Microsoft's limits are lifted first, for the sandbox is measured and not its limits.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

const PEOPLE = Number(process.env.PEOPLE ?? 50_000);
const MEETINGS = Number(process.env.MEETINGS ?? 100_000);
const SECONDS = 5;
const binary = path.resolve(process.argv[2]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ithaca-bench-'));
const seed = path.join(folder, 'seed.toml');
fs.writeFileSync(seed, `
[[tenants]]
name = "Large"
domains = ["large.example"]
crowd = ${PEOPLE}
people = [{ name = "Teams Scheduler", upn = "scheduler@large.example" }]
[[apps]]
name = "Scheduler"
secrets = [{}]
application = ["OnlineMeetings.ReadWrite.All"]
grants = [{ tenant = "large.example" }]
access_policies = [{ tenant = "large.example" }]
`);

const began = performance.now();
const flags = ['listen', 'tls-listen', 'smtp-listen', 'admin-listen'].flatMap((name) => [`--${name}`, 'localhost:0']);
const child = spawn(binary, ['sandbox', '--json', '--seed', seed, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
const line = await new Promise((resolve, reject) => {
  let said = '';
  child.stdout.on('data', (part) => {
    said += part;
    if (said.includes('\n')) resolve(said.split('\n')[0]);
  });
  child.on('exit', () => reject(new Error('the sandbox ended')));
});
const { url, admin_url: admin, tenants: [tenant] } = JSON.parse(line);
const discovery = await fetch(`${url}/${tenant.id}/v2.0/.well-known/openid-configuration`);
if (!discovery.ok) throw new Error(`discovery answers ${discovery.status}`);
const ready = performance.now() - began;
const memory = () => Number(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1_024;
const empty = memory();

const unlimited = { calls: 4_000_000_000, seconds: 1 };
const lifted = await fetch(`${admin}/_sandbox/limits`, {
  method: 'PATCH',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ app: unlimited, meetings: unlimited, host: unlimited, meetings_a_month: 4_000_000_000 }),
});
if (!lifted.ok) throw new Error(await lifted.text());
const [{ client_id, client_secret }] = tenant.apps;
const answer = await fetch(`${url}/${tenant.id}/oauth2/v2.0/token`, {
  method: 'POST',
  body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret, scope: 'https://graph.microsoft.com/.default' }),
});
const { access_token } = await answer.json();

// Each thread of wrk counts for itself.
const script = path.join(folder, 'create.lua');
fs.writeFileSync(script, `
local thread = 0
function setup(t) thread = thread + 1; t:set("id", thread) end
local count = 0
function request()
  count = count + 1
  local body = string.format('{"externalId":"00000000-0000-4000-%04d-%012d","subject":"Mentoring %d","startDateTime":"2030-03-09T10:00:00Z","endDateTime":"2030-03-09T11:00:00Z","participants":{"attendees":[{"upn":"crowd.%d@large.example","role":"coorganizer"},{"upn":"crowd.%d@large.example","role":"attendee"}]}}', id + run * 10, count, count, count % ${PEOPLE} + 1, (count + 1) % ${PEOPLE} + 1)
  return wrk.format("POST", nil, { ["Authorization"] = "Bearer ${access_token}", ["Content-Type"] = "application/json" }, body)
end
function init(args) run = tonumber(args[1]) end
local refused = 0
function response(status) if status >= 300 then wrk.thread:stop(); error("answered " .. status) end end
`);
const target = `${url}/v1.0/users/${tenant.people[0].object_id}/onlineMeetings/createOrGet`;
const rates = [];
const made = async () => {
  const answer = await fetch(`${admin}/_sandbox/limits`);
  return Object.values((await answer.json()).meetings_this_month).reduce((sum, one) => sum + one, 0);
};
for (let run = 0; run < 200 && (await made()) < MEETINGS; run += 1) {
  const said = execFileSync('wrk', ['-t2', '-c16', `-d${SECONDS}s`, '-s', script, target, '--', String(run)]).toString();
  rates.push(Number(said.match(/Requests\/sec:\s+([\d.]+)/)[1]));
}
const full = memory();
const meetings = await made();
child.kill('SIGTERM');
await new Promise((resolve) => child.on('exit', resolve));
fs.rmSync(folder, { recursive: true });

const row = (what, figure, aim) => console.log(`${what.padEnd(58)} ${figure.padStart(10)}   aim ${aim}`);
console.log(`${os.cpus()[0].model}, ${os.cpus().length} cores; wrk on the same cores\n`);
row(`from start to the first answer, ${PEOPLE} people`, `${ready.toFixed(0)} ms`, '100 ms');
row('meeting calls per second, the best of all runs', Math.max(...rates).toFixed(0), '5,000');
row(`memory with ${PEOPLE} people`, `${empty.toFixed(1)} MB`, '');
row(`memory with ${PEOPLE} people and ${meetings} meetings`, `${full.toFixed(1)} MB`, '60 MB for 100,000');

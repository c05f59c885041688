// Whether memory grows: `ithaca serve` on SQLite with people at work for as long as asked.
// A steady load of lists, pages, metrics, meetings made and cancelled, each with its link
// and its mails; memory is looked at every ten seconds. The growth is that from the median
// of the second tenth of the time to the median of the last.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { send } from './browser.mjs';
import { Instance, machine, median, memory, cpu, pause } from './instance.mjs';

const [binary, minutes = '60', rate = '20'] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ithaca-soak-'));
const instance = new Instance(path.resolve(binary), folder, 'sqlite:ithaca.db');
const node = await instance.starts(await instance.prepares());
await instance.founds();

const began = performance.now();
const ends = began + Number(minutes) * 60_000;
const made = [];
const counted = { requests: 0, meetings: 0 };
const samples = [];

async function one(turn) {
  if (turn % 10 === 0) {
    const meeting = await instance.creates(node, `Step ${turn}`, turn % 20 ? 'phone' : 'teams');
    made.push(meeting.id);
    counted.meetings += 1;
    if (made.length > 50) {
      // As many are called off as are made, so that lists stay as long as they are.
      const answer = await instance.asks(node, 'POST', `/meetings/${made.shift()}/cancellation`, {});
      if (answer.status >= 500) throw new Error(answer.text);
    }
  } else if (turn % 10 < 6) {
    const answer = await instance.asks(node, 'GET', '/meetings');
    if (answer.status !== 200) throw new Error(answer.text);
  } else {
    await instance.mei.opens(`${instance.url}/larkspur/meetings`);
  }
  counted.requests += 1;
}

let turn = 0;
let looked = 0;
while (performance.now() < ends) {
  const due = began + turn * 1_000 / Number(rate);
  if (performance.now() < due) await pause(due - performance.now());
  await one(turn);
  turn += 1;
  if (performance.now() - looked > 10_000) {
    looked = performance.now();
    samples.push([(looked - began) / 60_000, memory(node.child)]);
    if (turn % 600 < 250) await send(`${node.operator}/metrics`);
    console.error(`${samples.at(-1)[0].toFixed(1)} min: ${samples.at(-1)[1].toFixed(1)} MB, ${counted.requests} requests, ${counted.meetings} meetings`);
  }
}
const tenth = Math.max(1, Math.floor(samples.length / 10));
const early = median(samples.slice(tenth, 2 * tenth).map(([, figure]) => figure));
const late = median(samples.slice(-tenth).map(([, figure]) => figure));
const took = (performance.now() - began) / 60_000;
console.log(`\n| what | measured |\n|---|---|`);
console.log(`| length | ${took.toFixed(1)} min |`);
console.log(`| load | ${counted.requests} requests (${(counted.requests / took / 60).toFixed(1)}/s), ${counted.meetings} meetings made, ${(cpu(node.child) / 1_000).toFixed(0)} s of CPU |`);
console.log(`| memory, second tenth | ${early.toFixed(1)} MB |`);
console.log(`| memory, last tenth | ${late.toFixed(1)} MB |`);
console.log(`| growth | ${((late / early - 1) * 100).toFixed(1)} % |`);
console.log(`\n${machine()}, SQLite, benches/soak ${minutes}`);
await instance.ends();
fs.rmSync(folder, { recursive: true, force: true });

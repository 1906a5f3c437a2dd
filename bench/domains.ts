/**
 * `npm run bench:domains [-- --output DIR]`: how long a list of a million domains takes to import and to load, what it
 * weighs, and what one decision costs; writes results/domains.md and results/domains.json beside this file, or to DIR.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DomainSet } from "#policy/domain-set.ts";
import { readDomainList } from "#policy/read-domain-list.ts";
import { describeMachine } from "./machine.ts";

const count = 1_000_000;
const lookUps = 1_000_000;
const mebibyte = 1_048_576;

const { values } = parseArgs({ options: { output: { type: "string" } } });
const directory = values.output ?? join(import.meta.dirname, "results");

const source = Buffer.from(
	Array.from({ length: count }, (_, index) => {
		return `${["", "*.", "."][index % 3]}host-${(index * 7_919) % count}.part${index % 1_000}.example\n`;
	}).join(""),
);
const names = Array.from({ length: 10_000 }, (_, round) => {
	const index = (round * 104_729) % count;
	const host = `host-${(index * 7_919) % count}.part${index % 1_000}.example`;
	const asked = round % 2 === 0 ? `a.deep.name.below.${host}` : host;
	return round % 4 < 2 ? asked : `${asked}.other`;
});

const [importMs, list] = timed(() => readDomainList(source, "plain"));
const before = process.memoryUsage();
const [loadMs, set] = timed(() => new DomainSet("million", list.text));
const after = process.memoryUsage();
let hits = 0;
const [lookUpMs] = timed(() => {
	for (let index = 0; index < lookUps; index++) if (set.match(names[index % names.length] as string)) hits++;
});
const result = {
	domains: set.size,
	importSeconds: rounded(importMs / 1_000),
	loadSeconds: rounded(loadMs / 1_000),
	decisionMicroseconds: rounded((lookUpMs * 1_000) / lookUps),
	shareOfHits: rounded(hits / lookUps),
	listMiB: rounded(list.text.length / mebibyte),
	setMiB: rounded(set.octets / mebibyte),
	heapGrowthMiB: rounded((after.heapUsed - before.heapUsed) / mebibyte),
	isWithinBars: loadMs <= 5_000 && (lookUpMs * 1_000) / lookUps <= 20,
	machine: describeMachine(),
	date: new Date().toISOString().slice(0, 10),
};
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "domains.json"), `${JSON.stringify(result, undefined, "\t")}\n`);
writeFileSync(join(directory, "domains.md"), markdown());
process.stdout.write(markdown());
process.exitCode = result.isWithinBars ? 0 : 1;

function markdown(): string {
	return `# A list of a million domains

Made by \`npm run bench:domains\` on ${result.date}. A third of the entries are exact, a third \`*.name\`, a third \`.name\`;
names asked for are exact or five labels deeper, ${Math.round(result.shareOfHits * 100)} % of them are covered.

| what | measured | bar |
|---|---|---|
| domains | ${result.domains} | 1000000 |
| import of the text, once | ${result.importSeconds} s | |
| load at start or commit | ${result.loadSeconds} s | 5 s |
| one decision | ${result.decisionMicroseconds} µs | 20 µs |
| memory of the set, the list's ${result.listMiB} MiB of text among it | ${result.setMiB} MiB | |
| growth of the heap besides | ${result.heapGrowthMiB} MiB | |

Each worker and the managing process hold a set of their own for each list that the configuration uses.
`;
}

function timed<T>(work: () => T): readonly [number, T] {
	const start = performance.now();
	const value = work();
	return [performance.now() - start, value];
}

function rounded(value: number): number {
	return Math.round(value * 100) / 100;
}

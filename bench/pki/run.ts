/** `npm run bench:pki`: minting across the process boundary and path validation; writes bench/results/pki.md and pki.json. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LeafKeyClass } from "#pki/leaf-key-class.ts";
import { describeMachine } from "../machine.ts";
import { MintingBench, type MintingSample } from "./minting.ts";
import { type Figure, type PkiRun, pkiJson, pkiMarkdown, verdictOf } from "./report.ts";
import { hostileChains, refuse, usualChain } from "./validation.ts";

const rounds = 3;
const leaves = 10_000;
const rsaLeaves = 500;
const validations = 2_000;
const atOnce = 256;
const machine = describeMachine();
const directory = mkdtempSync(join(tmpdir(), "sallyport-bench-pki-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
await main();

async function main(): Promise<void> {
	const figures = [...(await mintingFigures()), ...validationFigures()];
	const date = new Date().toISOString().slice(0, 16).replace("T", " ");
	const run: PkiRun = { date, machine, rounds, figures };
	const results = join(import.meta.dirname, "../results");
	mkdirSync(results, { recursive: true });
	writeFileSync(join(results, "pki.json"), pkiJson(run));
	writeFileSync(join(results, "pki.md"), pkiMarkdown(run));
	process.stdout.write(pkiMarkdown(run));
	process.exitCode = figures.some((figure) => verdictOf(figure) === "missed") ? 1 : 0;
}

async function mintingFigures(): Promise<Figure[]> {
	const bench = new MintingBench(directory);
	await bench.measure("p256", leaves, atOnce);
	const samples = new Map<LeafKeyClass, MintingSample[]>([
		["p256", []],
		["rsa2048", []],
	]);
	for (let round = 0; round < rounds; round++) {
		samples.get("p256")?.push(await bench.measure("p256", leaves, atOnce));
		samples.get("rsa2048")?.push(await bench.measure("rsa2048", rsaLeaves, atOnce));
	}
	const logged = await bench.close();
	const signed = leaves + 1 + rounds * (leaves + rsaLeaves + 2);
	if (logged < signed) throw new Error(`${signed} leaves were signed, ${logged} are in the issuance log`);
	const fast = samples.get("p256") ?? [];
	const slow = samples.get("rsa2048") ?? [];
	const perSecond = (rows: readonly MintingSample[], seconds: (row: MintingSample) => number) =>
		rows.map((row) => row.leaves / seconds(row));
	const rate = { unit: "leaves/s", bar: { atLeast: 5_000 } };
	return [
		{ title: "ECDSA leaves planned, per CPU second", values: perSecond(fast, (row) => row.minterSeconds), ...rate },
		{
			title: "ECDSA leaves checked, signed and logged, per CPU second",
			values: perSecond(fast, (row) => row.signerSeconds),
			...rate,
		},
		{ title: "ECDSA leaves by the clock", unit: "leaves/s", values: perSecond(fast, (row) => row.wallSeconds) },
		{
			title: "RSA 2048 leaves signed by the RSA 3072 CA, by the clock",
			unit: "leaves/s",
			values: perSecond(slow, (row) => row.wallSeconds),
		},
	];
}

function validationFigures(): Figure[] {
	const hostile = hostileChains();
	const usual: number[] = [];
	const refused = hostile.map((): number[] => []);
	for (let round = 0; round < rounds; round++) {
		usual.push(usualChain(validations));
		for (const [index, chain] of hostile.entries()) refused[index]?.push(refuse(chain));
	}
	return [
		{ title: "usual chain of three certificates validated", unit: "ms", values: usual, bar: { atMost: 0.3 } },
		...hostile.map(({ title }, index) => ({
			title: `hostile chain refused: ${title}`,
			unit: "ms",
			values: refused[index] ?? [],
			bar: { atMost: 50 },
		})),
	];
}

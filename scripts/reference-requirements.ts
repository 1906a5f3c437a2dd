/** Which requirements a test shows, read from the names of the tests. */
import { blankText, endOfQuoted } from "./code-text.ts";
import { markdownTable } from "./markdown.ts";
import { listFiles, readText } from "./source-files.ts";

/** The test files that name a requirement, by its number. */
export type Proofs = ReadonlyMap<string, readonly string[]>;

/** The requirements of `test/data/requirements.tsv`, number and one line, in order. */
export function readRequirements(root: string): Map<string, string> {
	const rows = readText(root, "test/data/requirements.tsv").trimEnd().split("\n");
	return new Map(rows.map((row) => [row.slice(0, row.indexOf("\t")), row.slice(row.indexOf("\t") + 1)]));
}

/**
 * The numbers that a test's name carries: before a colon at its beginning, or in brackets at its end. `A to B` means all
 * between: `R149 R150: always-decrypt-source goes first`, `legacy has every suite of the original (R158, R163 to R166)`.
 */
export function numbersInName(name: string): string[] {
	const match = /^([A-Z]\d{1,3}(?:(?:,? (?:and |to )?)[A-Z]\d{1,3})*):\s|\(([^()]*)\)$/.exec(name);
	const list = match?.[1] ?? match?.[2] ?? "";
	return [...list.matchAll(/\b([A-Z])(\d{1,3})\b(?: to \1(\d{1,3})\b)?/g)].flatMap(
		([, family, first, last = first]) => {
			const from = Number(first);
			return Array.from({ length: Math.max(0, Number(last) - from + 1) }, (_, index) => `${family}${from + index}`);
		},
	);
}

/** Collects the numbers from every string of the test files that reads like such a name and is a known requirement. */
export function collectProofs(root: string, requirements: ReadonlyMap<string, string>): Proofs {
	const proofs = new Map<string, Set<string>>();
	for (const file of listFiles(root).filter((name) => name.endsWith(".test.ts"))) {
		for (const name of quotedTexts(readText(root, file))) {
			for (const number of numbersInName(name)) {
				if (requirements.has(number)) proofs.set(number, (proofs.get(number) ?? new Set()).add(file));
			}
		}
	}
	return new Map([...proofs].map(([number, files]) => [number, [...files].sort()]));
}

/** The page: what is shown by a test and where, then what is not. */
export function requirementsPage(requirements: ReadonlyMap<string, string>, proofs: Proofs): string {
	const shown = [...requirements].filter(([number]) => proofs.has(number));
	const open = [...requirements].filter(([number]) => !proofs.has(number));
	const isPartOf = (family: string) => (row: readonly [string, string]) => row[0].startsWith(family);
	const counts = Object.entries(families).map(([family, meaning]) => {
		const all = [...requirements].filter(isPartOf(family)).length;
		return [`${family}1-${family}${all}`, meaning, String(shown.filter(isPartOf(family)).length), String(all)];
	});
	return [
		"# Requirements and the tests that show them",
		"",
		"Made from the names of the tests: a test that shows a requirement carries its number. A number here says that a test",
		"shows at least a part of it; the test's own name says which. The list: `test/data/requirements.tsv`.",
		"",
		markdownTable(["Numbers", "About", "Named by a test", "Of"], counts),
		"## Named by a test",
		"",
		markdownTable(
			["Number", "Requirement", "Test"],
			shown.map(([number, text]) => [
				number,
				text,
				(proofs.get(number) ?? []).map((file) => `[${file}](../../${file})`).join(", "),
			]),
		),
		"## Not named by any test",
		"",
		...open.map(([number, text]) => `- **${number}** ${text.replaceAll("<", "&lt;")}`),
		"",
	].join("\n");
}

function* quotedTexts(source: string): Generator<string> {
	const code = blankText(source);
	for (const match of code.matchAll(/["'`]/g)) {
		if (source[match.index] !== match[0]) continue;
		yield source.slice(match.index + 1, endOfQuoted(source, match.index + 1, match[0]));
	}
}

const families: Readonly<Record<string, string>> = {
	R: "TLS inspection",
	V: "validation of the server's certificate",
	M: "what the forged leg mirrors",
	F: "what is refused",
	N: "what never happens",
	K: "custody of CA and keys",
	B: "IPsec behaviour",
};

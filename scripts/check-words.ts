/** Words that must not be in the checkout: paths of one machine, package registries by name, unfinished work. */
import { lineAt } from "./code-text.ts";
import { listFiles, readText } from "./source-files.ts";

/** Every such word, as `file:line: what`. */
export function checkWords(root: string): string[] {
	const faults: string[] = [];
	for (const file of listFiles(root)) {
		if (!isText(file)) continue;
		const text = readText(root, file);
		for (const { pattern, says, where } of banned) {
			if (!where.test(file)) continue;
			for (const match of text.matchAll(pattern))
				faults.push(`${file}:${lineAt(text, match.index)}: ${says}: ${match[0]}`);
		}
	}
	return faults;
}

function isText(file: string): boolean {
	return /(?:\.(?:[cm]?[jt]sx?|json|md|conf|cnf|txt|tsv|html|css|ya?ml|sh|svg)|(?:^|\/)[^.]+)$/.test(file);
}

const everywhere = /(?:)/;
const code = /\.(?:[cm]?[jt]sx?|sh)$|^\.ci\//;

/** The patterns are written so that they do not match their own text. */
const banned: readonly { readonly pattern: RegExp; readonly says: string; readonly where: RegExp }[] = [
	{
		pattern: /(?<![\w.:~-])\/(?:work|farm|root|Users)\/[\w.-]*|(?<![\w.:~-])\/home\/[a-z][\w.-]*/g,
		says: "a path of one machine",
		where: everywhere,
	},
	{
		pattern: /\.\.\/(?:shared)\b|\bshared\/(?:design|data|rigs)\b/g,
		says: "a path outside the checkout",
		where: everywhere,
	},
	{
		pattern: /\bregistry\.(?:npmjs|yarnpkg)\b|"resolved": *"http[^"]*"|\bdeb\.debian\.(?:org)\b/g,
		says: "a package registry by name",
		where: everywhere,
	},
	{ pattern: /\b(?:sub[a]gents?|before-[s]top)\b/gi, says: "a word that is not the product's", where: everywhere },
	{ pattern: /\b(?:TO[D]O|FI[X]ME|X[X]X|HA[C]K)\b|\bnot [i]mplemented\b/g, says: "unfinished work", where: code },
];

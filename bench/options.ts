/** The arguments of `npm run bench`. */
import { parseArgs } from "node:util";

export const figureNames = ["connections", "download", "keepalive", "idle", "latency"] as const;
export type FigureName = (typeof figureNames)[number];

export const subjectNames = ["sallyport", "sallyport-opaque", "squid", "mitmproxy", "haproxy", "plain-node"] as const;
export type SubjectName = (typeof subjectNames)[number];

export interface Options {
	readonly rounds: number;
	readonly figures: readonly FigureName[];
	readonly subjects: readonly SubjectName[];
	/** About a fifth of the load: to see that everything works, not to judge. */
	readonly isQuick: boolean;
	/** Where results.md and results.json go; undefined: beside this file. */
	readonly outputDirectory: string | undefined;
}

export const usage =
	"usage: npm run bench -- [--rounds N] [--figures A,B] [--subjects A,B] [--quick] [--output DIR]\n" +
	`  figures:  ${figureNames.join(",")}\n  subjects: ${subjectNames.join(",")}\n`;

/** Reads the arguments; throws an Error with one line that names the wrong one. */
export function parseOptions(args: readonly string[]): Options {
	const { values } = parseArgs({
		args: [...args],
		options: {
			rounds: { type: "string" },
			figures: { type: "string" },
			subjects: { type: "string" },
			quick: { type: "boolean" },
			output: { type: "string" },
		},
	});
	const isQuick = values.quick === true;
	const rounds = Number(values.rounds ?? (isQuick ? 1 : 3));
	if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99) {
		throw new Error(`--rounds ${values.rounds}: expected a number from 1 to 99`);
	}
	return {
		rounds,
		figures: chosen("--figures", values.figures, figureNames),
		subjects: chosen("--subjects", values.subjects, subjectNames),
		isQuick,
		outputDirectory: values.output,
	};
}

function chosen<T extends string>(option: string, text: string | undefined, known: readonly T[]): readonly T[] {
	if (text === undefined) return known;
	const wanted = text.split(",");
	const unknown = wanted.find((each) => !(known as readonly string[]).includes(each));
	if (unknown !== undefined) throw new Error(`${option} ${unknown}: unknown; known: ${known.join(", ")}`);
	return known.filter((each) => wanted.includes(each));
}

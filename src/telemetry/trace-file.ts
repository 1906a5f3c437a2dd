/** `traceoptions file`: the same statement under every part that can be traced. */
import { error, type Finding } from "#config/finding.ts";
import { integer, regularExpression, size } from "#config/leaf-types.ts";
import { fileName } from "#config/network-types.ts";
import { container, flag, leaf, type Snapshot } from "#config/schema.ts";

/** Name, rotation, filter and access of a trace file. */
export const traceFile = container({
	help: "Where the trace is written",
	layout: "line",
	alternatives: [{ of: ["world-readable", "no-world-readable"] }],
	children: {
		filename: leaf(fileName({ mayHavePath: false }), {
			help: "Name of the file in the log directory",
			unnamed: true,
		}),
		size: leaf(size({ min: 10_240, max: 1_073_741_824 }), {
			help: {
				what: "Size at which the file is rotated; 128k when absent",
				grows: "disk space, times the number of files",
			},
		}),
		files: leaf(integer({ min: 2, max: 1_000, placeholder: "files" }), {
			help: { what: "How many rotated files are kept; 10 when absent", grows: "disk space" },
		}),
		match: leaf(regularExpression(), { help: "Only lines that match are written" }),
		"world-readable": flag({
			help: {
				what: "Every user of this host may read the file",
				loosened:
					"danger: names, addresses and requests of the users that were traced are open to everybody on this host",
			},
		}),
		"no-world-readable": flag({
			help: "Only those with trace permission may read the file; so without this statement",
		}),
	},
});

/** Rotation needs a name, a size and a number: one of the two without the other says nothing. `path` ends in `file`. */
export function verifyTraceFile(path: readonly string[], file: Snapshot<typeof traceFile>): readonly Finding[] {
	const { filename, size: maximum, files } = file;
	const findings: Finding[] = [];
	if (maximum !== undefined && files === undefined) findings.push(error(path, "size", "needs 'files' beside it"));
	if (files !== undefined && maximum === undefined) findings.push(error(path, "files", "needs 'size' beside it"));
	const hasMore = maximum !== undefined || files !== undefined || file.match !== undefined || file.worldReadable;
	if (filename === undefined && hasMore) findings.push(error(path, undefined, "the file has no name"));
	return findings;
}

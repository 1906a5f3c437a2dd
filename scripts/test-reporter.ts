/**
 * A reporter for `node --test`: prints through the runner's own `spec` reporter and sends the counts to the process
 * that started the runner. With TEST_OUTPUT=compact it shows only what failed or was skipped.
 */
import { Readable } from "node:stream";
import { spec, type TestEvent } from "node:test/reporters";

/** What one run of the runner counted, sent over the IPC channel. */
export interface Tally {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	/** Files that defined no test; the runner itself counts each as one passed test. */
	readonly emptyFiles: readonly string[];
}

/** The reporter as the runner calls it. */
// biome-ignore lint/style/noDefaultExport: the runner takes a reporter module's default export.
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
	yield* Readable.from(shown(source)).pipe(spec());
}

async function* shown(source: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
	const isCompact = process.env.TEST_OUTPUT === "compact";
	const emptyFiles: string[] = [];
	for await (const event of source) {
		if (event.type === "test:pass" && isWholeFile(event)) emptyFiles.push(event.data.file ?? event.data.name);
		if (event.type === "test:summary" && event.data.file === undefined) {
			const { tests, passed, skipped, todo } = event.data.counts;
			const tally: Tally = {
				passed: passed - emptyFiles.length,
				failed: tests - passed - skipped - todo + emptyFiles.length,
				skipped: skipped + todo,
				emptyFiles,
			};
			process.send?.(tally);
		}
		if (!isCompact || isNews(event)) yield event;
	}
}

/** A file without any test is reported as one passed test that bears the file's name. */
function isWholeFile(event: Extract<TestEvent, { type: "test:pass" }>): boolean {
	const { name, file, line, column } = event.data;
	return name.endsWith(".test.ts") && line === 1 && column === 1 && (file ?? "").endsWith(name);
}

function isNews(event: TestEvent): boolean {
	if (event.type === "test:pass") return event.data.skip !== undefined || event.data.todo !== undefined;
	return event.type === "test:fail" || event.type === "test:stderr" || event.type === "test:stdout";
}

/**
 * Field lines that the gateway takes out of heads and puts into them; the others stay as they were sent, octet by octet.
 *
 * A name is meant however a sender writes it: in any case, and with `_`, `.` or another such sign for `-`, which servers of
 * the CGI kind take for the same. A name that is taken out is taken out of `Connection` too: a server behind another one would drop it on its way.
 */
import { type Header, parseFieldLines } from "#http/head.ts";

export interface FieldEdit {
	/** Names as `plainName` has them. */
	readonly removed: ReadonlySet<string>;
	/** Put behind the others; none into trailers. */
	readonly added: readonly Header[];
	/** No upgrade to HTTP/2 is offered on: within it the fields of requests would pass unseen. */
	readonly refusesHttp2Upgrade?: boolean;
}

/** What is changed on a connection. */
export interface HeadEdits {
	readonly request?: FieldEdit | undefined;
	readonly response?: FieldEdit | undefined;
}

/** The octets of a section of HTTP/1.1; undefined when it goes on as it came. `text` has one char per octet. */
export function editSection(text: string, kind: "head" | "trailers", edit: FieldEdit): Uint8Array | undefined {
	const start = kind === "head" ? text.indexOf("\r\n") + 2 : 0;
	const added = kind === "head" ? edit.added : noFields;
	const lines = text.slice(start, -2).split("\r\n").slice(0, -1);
	const offersHttp2 = edit.refusesHttp2Upgrade === true && offersUpgradeToHttp2(text, start);
	let isChanged = added.length > 0;
	const kept: string[] = [];
	for (const line of lines) {
		const next = keptLine(line, edit, offersHttp2);
		if (next !== line) isChanged = true;
		if (next !== undefined) kept.push(next);
	}
	if (!isChanged) return undefined;
	const whole = [...kept, ...added.map(({ name, value }) => `${name}: ${value}`)].map((line) => `${line}\r\n`).join("");
	return Buffer.from(`${text.slice(0, start)}${whole}\r\n`, "latin1");
}

/** The fields of a message of HTTP/2; undefined when they go on as they came. */
export function editFields<F extends Header>(
	fields: readonly F[],
	kind: "head" | "trailers",
	edit: FieldEdit,
): readonly (F | AddedField)[] | undefined {
	const added = kind === "head" ? edit.added : noFields;
	const kept = fields.filter(({ name }) => !edit.removed.has(plainName(name)));
	if (kept.length === fields.length && added.length === 0) return undefined;
	return [...kept, ...added.map(({ name, value }) => ({ name: name.toLowerCase(), value, isNeverIndexed: false }))];
}

export interface AddedField extends Header {
	readonly isNeverIndexed: boolean;
}

/** The form in which names are compared. */
export function plainName(name: string): string {
	return name.toLowerCase().replace(/[^a-z0-9]/g, "-");
}

/** The line that goes on; undefined for none. */
function keptLine(line: string, edit: FieldEdit, offersHttp2: boolean): string | undefined {
	const colon = line.indexOf(":");
	const name = plainName(line.slice(0, colon));
	if (edit.removed.has(name) || (offersHttp2 && upgradeFields.has(name))) return undefined;
	if (name !== "connection") return line;
	const tokens = line.slice(colon + 1).split(",");
	const kept = tokens.filter((token) => !edit.removed.has(plainName(token.trim())));
	if (kept.length === tokens.length) return line;
	return kept.length === 0 ? undefined : `${line.slice(0, colon)}:${kept.join(",")}`;
}

function offersUpgradeToHttp2(text: string, start: number): boolean {
	return parseFieldLines(text, start).some(
		({ name, value }) =>
			name === "upgrade" && value.split(",").some((token) => token.trim().toLowerCase().startsWith("h2")),
	);
}

const upgradeFields: ReadonlySet<string> = new Set(["upgrade", "http2-settings"]);
const noFields: readonly Header[] = [];

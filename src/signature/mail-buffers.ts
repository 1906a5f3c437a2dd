/** The buffers of a message of mail: its envelope, the fields of its head, and the addresses that stand in it. */
import type { Envelope } from "#mail/mail-reader.ts";
import { decodeWords } from "#mail/part-head.ts";
import type { BufferName } from "#signature/buffer-table.ts";

/**
 * A message as rules see it.
 *
 * Bounds: `maxFields` fields of `maxField` characters; what is kept of addresses says `UrlFinder`.
 */
export class MailMessage {
	readonly envelope: Envelope | undefined;
	/** Addresses in its parts so far. */
	urls: readonly string[] = [];
	readonly #head: string;
	#fields: ReadonlyMap<string, readonly string[]> | undefined;

	/** `head`: one character an octet. */
	constructor(envelope: Envelope | undefined, head: string) {
		this.envelope = envelope;
		this.#head = head;
	}

	/** Values of the fields of this name (in lower case), unfolded. */
	fields(name: string): readonly string[] {
		this.#fields ??= readFields(this.#head);
		return this.#fields.get(name) ?? [];
	}
}

/** The octets of a buffer; none when the message has no such thing. A field that is encoded is there decoded, too. */
export function mailBuffer(name: BufferName, message: MailMessage): readonly Buffer[] {
	const { envelope, urls } = message;
	switch (name) {
		case "smtp.helo":
			return asSent([envelope?.helo]);
		case "smtp.mail_from":
			return asSent([envelope?.from]);
		case "smtp.rcpt_to":
			return asSent(envelope?.recipients ?? []);
		case "email.url":
			return asSent(urls);
		case "email.received":
			return ofFields(message.fields("received"));
		default: {
			const field = fieldNames.get(name);
			return field === undefined ? [] : ofFields(message.fields(field).slice(0, 1));
		}
	}
}

function ofFields(values: readonly string[]): readonly Buffer[] {
	return values.flatMap((value) => {
		const sent = Buffer.from(value, "latin1");
		const decoded = value.includes("=?") ? decodeWords(value) : value;
		return decoded === value ? [sent] : [sent, Buffer.from(decoded, "utf8")];
	});
}

function asSent(values: readonly (string | undefined)[]): readonly Buffer[] {
	return values.flatMap((value) => (value === undefined ? [] : [Buffer.from(value, "latin1")]));
}

function readFields(head: string): ReadonlyMap<string, readonly string[]> {
	const fields = new Map<string, string[]>();
	let count = 0;
	for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
		const colon = line.indexOf(":");
		if (colon < 1 || ++count > maxFields) continue;
		const name = line.slice(0, colon).trimEnd().toLowerCase();
		const values = fields.get(name) ?? [];
		values.push(line.slice(colon + 1, colon + 1 + maxField).trim());
		fields.set(name, values);
	}
	return fields;
}

const fieldNames: ReadonlyMap<BufferName, string> = new Map([
	["email.from", "from"],
	["email.subject", "subject"],
	["email.to", "to"],
	["email.cc", "cc"],
	["email.date", "date"],
	["email.message_id", "message-id"],
	["email.x_mailer", "x-mailer"],
]);
const maxFields = 500;
const maxField = 4_096;

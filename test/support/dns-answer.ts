/** Answers of a name server for tests. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Writer } from "#base/bytes.ts";
import { type DnsRecord, httpsRecordType } from "#base/dns-message.ts";

/** The answer to this question; its records are about the name of the question. */
export function dnsAnswer(question: Uint8Array, records: readonly DnsRecord[], flags = 0x8180): Uint8Array {
	const writer = new Writer().bytes(question.subarray(0, 2)).u16(flags).u16(1).u16(records.length).u32(0);
	// Without the options behind it.
	writer.bytes(question.subarray(12, -11));
	for (const { type, ttlSeconds, data } of records)
		writer.u16(0xc00c).u16(type).u16(1).u32(ttlSeconds).u16(data.length).bytes(data);
	return writer.finish();
}

/** An HTTPS record that announces this ECHConfigList. */
export function httpsRecord(list: Uint8Array, ttlSeconds = 300): DnsRecord {
	const data = new Writer().u16(1).u8(0).u16(5).u16(list.length).bytes(list).finish();
	return { type: httpsRecordType, ttlSeconds, data };
}

/** A name server at loopback. `answer` gives the octets to send, or undefined to say nothing. */
export async function nameServer(
	owner: { after(end: () => void): void },
	answer: (question: Uint8Array, name: string) => Uint8Array | undefined,
) {
	const socket = createSocket("udp4");
	const asked: string[] = [];
	socket.on("message", (question, from) => {
		const name = nameOfQuestion(question);
		asked.push(name);
		const octets = answer(question, name);
		if (octets !== undefined) socket.send(octets, from.port, from.address);
	});
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	owner.after(() => void socket.close());
	return { address: `127.0.0.1:${socket.address().port}`, asked };
}

/** The name that a question asks about. */
export function nameOfQuestion(question: Uint8Array): string {
	const labels: string[] = [];
	for (let at = 12; (question[at] ?? 0) !== 0; at += (question[at] ?? 0) + 1)
		labels.push(Buffer.from(question.subarray(at + 1, at + 1 + (question[at] ?? 0))).toString("latin1"));
	return labels.join(".");
}

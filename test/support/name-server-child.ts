/**
 * A name server at 127.0.0.1:53 of its network: `name-server-child.ts ADDRESS NAME ECH-BASE64`. Every name has that address; the HTTPS
 * record of NAME announces the keys. Says `ready`.
 */
import { createSocket } from "node:dgram";
import { Writer } from "#base/bytes.ts";
import { httpsRecordType } from "#base/dns-message.ts";
import { dnsAnswer, nameOfQuestion } from "./dns-answer.ts";

const [, , address = "", hidden = "", list = ""] = process.argv;
const keys = Buffer.from(list, "base64");
const data = new Writer().u16(1).u8(0);
data.u16(1).u16(3).bytes(Uint8Array.of(2)).bytes(Buffer.from("h2"));
data.u16(5).u16(keys.length).bytes(keys);
const records = new Map([
	[1, { type: 1, ttlSeconds: 60, data: Uint8Array.from(address.split("."), Number) }],
	[httpsRecordType, { type: httpsRecordType, ttlSeconds: 60, data: data.finish() }],
]);

const socket = createSocket("udp4");
socket.on("message", (question, from) => {
	const name = nameOfQuestion(question);
	const type = question.readUInt16BE(12 + name.length + 2);
	const record = type === httpsRecordType && name !== hidden ? undefined : records.get(type);
	// With options behind it or without.
	const end = 12 + name.length + 2 + 4;
	const asked = Buffer.concat([question.subarray(0, end), new Uint8Array(11)]);
	socket.send(dnsAnswer(asked, record === undefined ? [] : [record]), from.port, from.address);
});
socket.bind(53, "127.0.0.1", () => process.stdout.write("ready\n"));

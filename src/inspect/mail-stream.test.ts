import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { MailStream } from "#inspect/mail-stream.ts";
import { patternService } from "#inspect/pattern-service.ts";
import { forward, hold, type PlaintextStream, release, type StreamAnswer, stop } from "#inspect/plaintext-stream.ts";
import type { InspectionService, Place, ServiceConnection } from "#inspect/service.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { signatureService } from "#inspect/signature-service.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";
import type { Turn } from "../../test/support/mail-talk.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";

const facts = { sessionId: "s1", isGreeted: true, maxDecodedOctets: 65_536 };
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? assert.fail()).toString("latin1");
const places = ["request-body", "response-body"] as const;
const bodies = patternService([
	{ name: "eicar", octets: Buffer.from(eicar, "latin1"), ignoresCase: false, places, verdict: "block" },
]);
const coded = (
	Buffer.from(`zip-like ${eicar} end`)
		.toString("base64")
		.match(/.{1,60}/g) ?? []
).join("\r\n");
const letter = (body = coded) =>
	[
		"Subject: Invoice",
		"Content-Type: multipart/mixed; boundary=b",
		"",
		"--b",
		"",
		"Please see the attachment.",
		"--b",
		'Content-Disposition: attachment; filename="eicar.com"',
		"Content-Transfer-Encoding: base64",
		"",
		body,
		"--b--",
		"",
	].join("\r\n");

const talks: Readonly<Record<MailProtocol, (message: string) => readonly Turn[]>> = {
	smtp: (message) => [
		["client", "EHLO a.test\r\n"],
		["server", "250 mail.test\r\n"],
		["client", "MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n"],
		["server", "250 ok\r\n250 ok\r\n354 go\r\n"],
		["client", `${message}.\r\n`],
		["server", "250 queued\r\n"],
		["client", "QUIT\r\n"],
	],
	imap: (message) => [
		["client", "a SELECT INBOX\r\n"],
		["server", "* 1 EXISTS\r\na OK done\r\n"],
		["client", "b FETCH 1 BODY[]\r\n"],
		["server", `* 1 FETCH (BODY[] {${message.length}}\r\n${message})\r\nb OK done\r\n`],
		["client", "c LOGOUT\r\n"],
	],
	pop3: (message) => [
		["client", "RETR 1\r\n"],
		["server", `+OK\r\n${message}.\r\n`],
		["client", "QUIT\r\n"],
	],
};

/** What travelled each way, as the relay would have it, and how it ended. */
function relay(stream: PlaintextStream, turns: readonly Turn[], sizes: readonly number[] = []) {
	const out = { client: "", server: "" };
	let waiting: Buffer[] = [];
	let piece = 0;
	const act = (answer: StreamAnswer, side: "client" | "server", chunk: Buffer): boolean => {
		if (answer === forward) out[side] += chunk.toString("latin1");
		for (const octets of answer === release ? stream.released.splice(0) : [])
			out[side] += Buffer.from(octets).toString("latin1");
		return answer === stop;
	};
	const feed = (side: "client" | "server", chunk: Buffer): boolean => {
		if (side === "client" && stream.isClientWaiting) {
			waiting.push(chunk);
			return false;
		}
		if (act(side === "client" ? stream.fromClient(chunk) : stream.fromServer(chunk), side, chunk)) return true;
		while (side === "server" && stream.isClientWaiting) {
			const answer = stream.clientMayGoOn();
			if (act(answer, "client", Buffer.alloc(0))) return true;
			if (answer === hold) return false;
		}
		const later = side === "server" && !stream.isClientWaiting ? waiting : [];
		if (later.length > 0) waiting = [];
		return later.some((one) => feed("client", one));
	};
	for (const [side, text] of turns) {
		const octets = Buffer.from(text, "latin1");
		for (let at = 0; at < octets.length; ) {
			const size = Math.max(1, sizes[piece++ % Math.max(1, sizes.length)] ?? octets.length);
			if (feed(side, octets.subarray(at, at + size))) return { ...out, isStopped: true };
			at += size;
		}
	}
	return { ...out, isStopped: false };
}

const answers = {
	smtp: /^554 5\.7\.1 The content was blocked by pattern "eicar" \(session s1\)\r\n$/,
	imap: /^\* BYE \[ALERT\] /,
	pop3: /^-ERR \[SYS\/PERM\] /,
};

for (const protocol of ["smtp", "imap", "pop3"] as const) {
	describe(`mail by ${protocol}`, () => {
		test("a file in base64 that a pattern blocks is stopped, in whatever pieces it comes; its end does not travel", () => {
			fc.assert(
				fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }), (sizes) => {
					const stream = new MailStream(protocol, [bodies], facts);
					const { isStopped, client, server } = relay(stream, talks[protocol](letter()), sizes);
					assert.equal(isStopped, true);
					assert.ok(!(client + server).includes(coded));
					assert.equal(stream.findings.length, 1);
					const [finding] = stream.findings;
					assert.deepEqual([finding?.name, finding?.verdict], ["eicar", "block"]);
					assert.equal(finding?.request, `${protocol.toUpperCase()} part "eicar.com"`);
					assert.match(stream.stop?.why ?? "", /^blocked by pattern "eicar" in (request|response)-body$/);
				}),
			);
		});

		test("in one piece the client is told in its protocol", () => {
			const stream = new MailStream(protocol, [bodies], facts);
			relay(stream, talks[protocol](letter()));
			assert.match(Buffer.from(stream.stop?.answer ?? []).toString(), answers[protocol]);
		});

		test("what nothing blocks travels octet for octet, in whatever pieces it comes", () => {
			const turns = talks[protocol](letter("QUJD"));
			const of = (wanted: string) => turns.flatMap(([side, text]) => (side === wanted ? [text] : [])).join("");
			fc.assert(
				fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 6 }), (sizes) => {
					const stream = new MailStream(protocol, [bodies], facts);
					const { client, server, isStopped } = relay(stream, turns, sizes);
					assert.deepEqual([isStopped, client, server], [false, of("client"), of("server")]);
					assert.deepEqual([stream.findings, stream.inspection], [[], "inspected"]);
				}),
			);
		});
	});
}

test("services are told the protocol, the head and the body of each part, and where a part ends", () => {
	const told: string[] = [];
	const service: InspectionService = {
		name: "told",
		open: (): ServiceConnection => ({
			speaks: (protocol) => void told.push(`speaks ${protocol}`),
			octets: (place: Place, octets) => {
				if (!place.startsWith("stream")) told.push(`${place}: ${Buffer.from(octets).toString().split("\r\n")[0]}`);
				return undefined;
			},
			ended: (place) => void told.push(`${place} ended`),
		}),
	};
	relay(new MailStream("pop3", [service], facts), talks.pop3(letter("QUJD")));
	assert.deepEqual(told, [
		"speaks pop3",
		"response-headers: Subject: Invoice",
		"response-headers ended",
		"response-headers: ",
		"response-headers ended",
		"response-body: Please see the attachment.",
		"response-body ended",
		'response-headers: Content-Disposition: attachment; filename="eicar.com"',
		"response-headers ended",
		"response-body: ABC",
		"response-body ended",
	]);
});

test("F15: what programs may read differently is refused with a fault, so that nothing goes by behind it", () => {
	for (const turns of [
		[["client", "NOOP\nDATA\r\n"]],
		[
			["client", "DATA\r\n"],
			["server", "354 go\r\n"],
			["client", "a\n.\nMAIL FROM:<x@y>\r\n"],
		],
	] as const) {
		const stream = new MailStream("smtp", [bodies], facts);
		assert.equal(relay(stream, turns).isStopped, true);
		assert.equal(stream.stop?.faultCode, "MAIL_LINE_MALFORMED");
		assert.match(Buffer.from(stream.stop?.answer ?? []).toString(), /^554 5\.7\.1 Refused \(session s1\)/);
		assert.deepEqual(stream.findings, []);
	}
});

/** A conversation in which both sides compress from the second command on. */
function compressed(turns: readonly Turn[]): Turn[] {
	const coded = turns.map(([side, text]): Turn => {
		const octets = deflateRawSync(Buffer.from(text, "latin1"), { finishFlush: constants.Z_SYNC_FLUSH });
		return [side, octets.toString("latin1")];
	});
	return [["client", "z compress deflate\r\n"], ["server", "z OK now\r\n"], ...coded];
}

describe("IMAP that both sides compress", () => {
	test("a file is stopped, in whatever pieces it comes, and what nothing blocks travels octet for octet", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }), (sizes) => {
				const stream = new MailStream("imap", [bodies], facts);
				assert.equal(relay(stream, compressed(talks.imap(letter())), sizes).isStopped, true);
				assert.deepEqual([stream.findings.length, stream.inspection], [1, "inspected"]);
				// Its answer would have to be compressed.
				assert.equal(stream.stop?.answer, undefined);
				stream.close();
				const turns = compressed(talks.imap(letter("QUJD")));
				const of = (wanted: string) => turns.flatMap(([side, text]) => (side === wanted ? [text] : [])).join("");
				const good = new MailStream("imap", [bodies], facts);
				const { client, server, isStopped } = relay(good, turns, sizes);
				assert.deepEqual([isStopped, client, server], [false, of("client"), of("server")]);
				good.close();
			}),
		);
	});

	test("a client that waits for the server's word stores its message, and one that does not is refused", () => {
		const store = (turns: readonly Turn[]) => {
			const stream = new MailStream("imap", [bodies], facts);
			const { isStopped } = relay(stream, compressed(turns));
			return [isStopped, stream.stop?.why, stream.findings.length] as const;
		};
		const whole = `${letter()})`;
		const asked = `b APPEND INBOX {${whole.length}}\r\n`;
		assert.equal(
			store([
				["client", asked],
				["server", "+ go\r\n"],
				["client", whole],
			])[2],
			1,
		);
		const [isStopped, why] = store([["client", `${asked}${whole}`]]);
		assert.equal(isStopped, true);
		assert.match(why ?? "", /IMAP: octets behind a literal that the server has not asked for, within compression/);
	});

	test("what cannot be decoded, goes on behind its end, or grows a hundredfold ends the connection", () => {
		const bomb = deflateRawSync(Buffer.alloc(20_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
		for (const [octets, what] of [
			[Buffer.from([7, 7, 7]), /cannot be decoded; invalid block type/],
			[Buffer.concat([deflateRawSync("* OK\r\n"), Buffer.from("x")]), /ends and goes on/],
			[bomb, /grows a hundredfold/],
		] as const) {
			for (const side of ["client", "server"] as const) {
				const stream = new MailStream("imap", [bodies], facts);
				assert.equal(relay(stream, [...compressed([]), [side, octets.toString("latin1")]]).isStopped, true);
				assert.equal(stream.stop?.faultCode, "MAIL_LINE_MALFORMED");
				assert.match(stream.stop?.why ?? "", what);
				stream.close();
			}
		}
	});
});

test("what is not followed any more passes, is searched as octets, and the record says so", () => {
	const stream = new MailStream("imap", [bodies], facts);
	const { client, isStopped } = relay(stream, [
		["client", "a COMPRESS LZ\r\n"],
		["server", "a OK now\r\n"],
		["client", eicar],
	]);
	assert.deepEqual([client, isStopped], [`a COMPRESS LZ\r\n${eicar}`, false]);
	assert.equal(stream.inspection, "decrypted, not inspected");
	assert.match(stream.findings[0]?.name ?? "", /not followed any more: the client and the server agreed upon COMPRESS/);
});

test("the octets of the connection are searched as before, and what waits goes out when the client ends", () => {
	const rule = { name: "evil", octets: Buffer.from("evil"), ignoresCase: false, verdict: "block" } as const;
	const stream = new MailStream("smtp", [patternService([{ ...rule, places: ["stream"] }])], facts);
	assert.equal(stream.fromClient(Buffer.from("EHLO evil\r\n")), stop);
	const waiting = new MailStream("smtp", [bodies], facts);
	assert.equal(waiting.fromClient(Buffer.from("DATA\r\nrest")), release);
	assert.equal(waiting.isClientWaiting, true);
	assert.equal(waiting.clientMayGoOn(), hold);
	waiting.released.length = 0;
	assert.equal(waiting.clientEnded(), release);
	assert.equal(Buffer.concat(waiting.released).toString(), "rest");
	waiting.close();
	assert.equal(waiting.clientEnded(), forward);
});

test("a message that the server does not end is looked at to its end", () => {
	const [, [, reply = ""] = []] = talks.pop3(letter());
	const stream = new MailStream("pop3", [bodies], facts);
	stream.fromClient(Buffer.from("RETR 1\r\n"));
	assert.equal(stream.fromServer(Buffer.from(reply.slice(0, reply.indexOf(coded) + 20))), forward);
	assert.equal(stream.serverEnded(), forward);
});

const mailRules = [
	'alert smtp any any -> any any (msg:"envelope"; smtp.helo; content:"a.test"; smtp.mail_from; content:"<a@a.test>"; bsize:10; smtp.rcpt_to; content:"b@b.test"; sid:1;)',
	'alert smtp any any -> any any (msg:"subject"; email.subject; content:"Invoice"; bsize:7; sid:2;)',
	'alert smtp any any -> any any (msg:"subject of another part"; email.subject; content:"inner"; sid:3;)',
	'drop smtp any any -> any any (msg:"subject and file"; email.subject; content:"Invoice"; file.data; content:"dropped word"; sid:4;)',
	'drop smtp any any -> any any (msg:"address"; email.url; content:"//bad.example/"; sid:5;)',
	'alert smtp any any -> any any (msg:"no copy"; email.cc; absent; sid:6;)',
	'alert imap any any -> any any (msg:"read"; flow:to_client; email.subject; content:"Invoice"; sid:7;)',
	'alert pop3 any any -> any any (msg:"fetched"; flow:to_client; email.url; content:"bad"; sid:8;)',
];

function ruled(protocol: MailProtocol, message: string, sizes: readonly number[] = []) {
	const stream = new MailStream(
		protocol,
		[signatureService(engineOf(mailRules), { flow: testFacts, handshake: {} })],
		facts,
	);
	const { isStopped } = relay(stream, talks[protocol](message), sizes);
	return { found: stream.findings.map(({ name }) => Number.parseInt(name, 10)).sort(), isStopped };
}

test("rules see the envelope, the fields of a message and the addresses in its parts, in whatever pieces they come", () => {
	const inner = "Subject: inner\r\n\r\nhttps://fine.example/";
	const message = letter(Buffer.from("see http://bad.example/x now").toString("base64"));
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }), (sizes) => {
			assert.deepEqual(ruled("smtp", message, sizes), { found: [1, 2, 5, 6], isStopped: true });
			assert.deepEqual(ruled("smtp", letter(), sizes), { found: [1, 2, 6], isStopped: false });
			assert.deepEqual(ruled("imap", message, sizes), { found: [7], isStopped: false });
			assert.deepEqual(ruled("pop3", message, sizes), { found: [8], isStopped: false });
		}),
		{ numRuns: 30 },
	);
	const forwarded = `Cc: c@c.test\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n`;
	assert.deepEqual(ruled("smtp", forwarded).found, [1]);
	const file = letter(Buffer.from("a dropped word").toString("base64"));
	assert.deepEqual(ruled("smtp", file), { found: [1, 2, 4, 6], isStopped: true });
});

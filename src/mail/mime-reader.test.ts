import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MimeReader } from "#mail/mime-reader.ts";

const crLf = (...lines: readonly string[]) => `${lines.join("\r\n")}\r\n`;

/** The heads and bodies of a message, read in pieces of these sizes. */
function read(text: string | Uint8Array, sizes: readonly number[] = [], reader?: (sink: Told) => MimeReader) {
	const octets = typeof text === "string" ? Buffer.from(text, "latin1") : text;
	const told = new Told();
	const mime = reader?.(told) ?? new MimeReader(told);
	for (let at = 0, turn = 0; at < octets.length; turn++) {
		const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? octets.length);
		assert.equal(mime.write(octets.subarray(at, at + size)), false);
		at += size;
	}
	assert.equal(mime.end(), false);
	return told.parts;
}

class Told {
	readonly parts: { type: string; name: string | undefined; body: string; isOver: boolean }[] = [];
	partHead({ type, name }: { readonly type: string; readonly name: string | undefined }): boolean {
		this.parts.push({ type, name, body: "", isOver: false });
		return false;
	}
	partOctets(octets: Uint8Array): boolean {
		if (this.parts.length === 0) this.parts.push({ type: "", name: undefined, body: "", isOver: false });
		const part = this.parts.at(-1) ?? assert.fail();
		assert.equal(part.isOver, false);
		part.body += Buffer.from(octets).toString("latin1");
		return false;
	}
	partEnd(): boolean {
		const part = this.parts.at(-1);
		if (part !== undefined) part.isOver = true;
		return false;
	}
}

const eicar = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
const nested = crLf(
	"Subject: hello",
	"Content-Type: multipart/mixed; boundary=outer",
	"",
	"preamble",
	"--outer",
	'Content-Type: multipart/alternative; boundary="outer-inner"',
	"",
	"--outer-inner",
	"",
	"plain -- text",
	"--not-a-boundary",
	"--outer-inner",
	"Content-Type: text/html",
	"Content-Transfer-Encoding: quoted-printable",
	"",
	"<p>=E4=",
	"</p>",
	"--outer-inner--  ",
	"between",
	"--outer",
	"Content-Type: application/octet-stream; name=eicar.com",
	"Content-Transfer-Encoding: base64",
	"",
	...(Buffer.from(eicar)
		.toString("base64")
		.match(/.{1,30}/g) ?? []),
	"",
	"--outer",
	"Content-Type: message/rfc822",
	"",
	"Subject: inside",
	"Content-Type: text/csv",
	"",
	"a,b",
	"--outer--",
	"epilogue",
);
const parts = [
	["multipart/mixed", "", false],
	["multipart/alternative", "", false],
	["text/plain", "plain -- text\r\n--not-a-boundary", true],
	["text/html", "<p>\xe4</p>", true],
	["application/octet-stream", eicar, true],
	["message/rfc822", "", false],
	["text/csv", "a,b", true],
];

describe("a message in parts", () => {
	test("each part is told with its head, its body decoded, however the octets are cut", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }), (sizes) => {
				const told = read(nested, sizes);
				assert.deepEqual(
					told.map(({ type, body, isOver }) => [type, body, isOver]),
					parts,
				);
				assert.equal(told[4]?.name, "eicar.com");
			}),
		);
	});

	test("lines may end in LF alone", () => {
		const told = read(nested.replaceAll("\r\n", "\n"));
		assert.equal(told[4]?.body, eicar);
		assert.equal(told[2]?.body, "plain -- text\n--not-a-boundary");
	});

	test("a boundary that is missing at the end, or stands in a head, ends what it stands in", () => {
		const open = nested.slice(0, nested.indexOf("--outer--"));
		assert.equal(read(open).at(-1)?.body, "a,b\r\n");
		const [, first, second] = read(
			crLf("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/a", "--b", "", "two", "--b--"),
		);
		assert.deepEqual([first?.type, second?.body], ["text/a", "two"]);
	});
});

test("a message without parts is its body, its own encoding undone", () => {
	assert.deepEqual(
		read(crLf("Content-Transfer-Encoding: base64", "", "QUJD")).map(({ body }) => body),
		["ABC"],
	);
	assert.equal(read(crLf("X: y", "", "a", "--b", "c"))[0]?.body, "a\r\n--b\r\nc\r\n");
	assert.equal(read("X: y")[0]?.type, "text/plain");
	assert.deepEqual(read(""), []);
});

test("a body without a head is decoded as is said", () => {
	assert.equal(read("QUJD", [], (sink) => MimeReader.ofBody(sink, "base64"))[0]?.body, "ABC");
});

test("any octets in any pieces give the same parts, and none makes it fail", () => {
	const piece = fc.oneof(
		fc.constantFrom(
			"--b",
			"--b--",
			"\r\n",
			"\n",
			"\r",
			"",
			"Content-Type: multipart/x; boundary=b",
			"Content-Type: message/rfc822",
		),
		fc.constantFrom("Content-Transfer-Encoding: base64", "QUJD", "=41=\r\n", "-", "--"),
		fc.string({ maxLength: 8 }),
	);
	fc.assert(
		fc.property(
			fc.array(piece, { maxLength: 40 }),
			fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 5 }),
			(pieces, sizes) => {
				const text = `Content-Type: multipart/x; boundary=b\r\n\r\n${pieces.join("")}`;
				assert.deepEqual(read(text, sizes), read(text));
			},
		),
	);
});

describe("what has no end is bounded", () => {
	test("a head that never ends becomes a body, a line that never ends too", () => {
		assert.ok((read(`X: ${"y".repeat(20_000)}`)[0]?.body.length ?? 0) > 10_000);
		assert.ok((read("X: y\r\n".repeat(20_000))[0]?.body.length ?? 0) > 10_000);
	});

	test("parts in parts in parts, and parts without number, end as bodies that are not decoded", () => {
		const deep = Array.from(
			{ length: 100 },
			(_, at) => `Content-Type: multipart/x; boundary=b${at}\r\n\r\n--b${at}\r\n`,
		).join("");
		assert.ok(read(deep).length <= 18);
		const many = `Content-Type: multipart/x; boundary=b\r\n\r\n${"--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n".repeat(3_000)}`;
		assert.ok(read(many).length <= 3_001);
		assert.ok(read("Content-Type: message/rfc822\r\n\r\n".repeat(1_000)).length <= 17);
	});
});

test("what can be told of a body is told with the octets that say it, before they travel on", () => {
	const told = new Told();
	const mime = new MimeReader(told);
	mime.write(Buffer.from("Content-Transfer-Encoding: base64\r\n\r\n"));
	for (const [coded, plain] of [
		["QUJD", "ABC"],
		["RA", "ABCD"],
	] as const) {
		mime.write(Buffer.from(coded));
		assert.equal(told.parts[0]?.body, plain);
	}
});

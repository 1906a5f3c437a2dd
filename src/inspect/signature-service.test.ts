import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceConnection, ServiceFinding } from "#inspect/service.ts";
import { signatureService, spokenProtocol, unavailableSignatures } from "#inspect/signature-service.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { requestHead, responseHead } from "../../test/support/http-heads.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";
import { buildHello, decodedHello, serverNameExtension } from "../../test/support/tls-hello.ts";

function open(
	rules: readonly string[],
	handshake = {},
): { connection: ServiceConnection; again: () => ServiceConnection } {
	const service = signatureService(engineOf(rules), { flow: testFacts, handshake });
	return { connection: service.open(), again: () => service.open() };
}

const rule = (options: string, action = "alert", protocol = "http") =>
	`${action} ${protocol} any any -> any any (${options})`;
const get = (path: string) => requestHead([`GET ${path} HTTP/1.1`, "Host: h"]);
const shown = (found: ServiceFinding | undefined) => found && `${found.name} | ${found.place} | ${found.verdict}`;

test("matches are findings with identifier and message, at the place where they were completed", () => {
	const { connection } = open([
		rule('msg:"in the target"; http.uri; content:"/a"; sid:1;'),
		rule('msg:"in the body"; file.data; content:"evil"; flow:to_client; sid:2;', "drop"),
		rule('msg:"at the end"; file.data; content:!"x"; http.stat_code; content:"200"; sid:3;', "drop"),
	]);
	assert.equal(shown(connection.requestHead?.(get("/a"))), "1 in the target | request-headers | report");
	connection.ended("request-body");
	connection.responseHead?.(responseHead(["HTTP/1.1 200 OK"], "x"), get("/a"));
	assert.equal(shown(connection.octets("response-body", Buffer.from("evil"))), "2 in the body | response-body | block");
	assert.equal(shown(connection.ended("response-body")), "3 at the end | response-body | block");
	assert.equal(connection.octets("url", Buffer.from("/a")), undefined);
});

test("of several matches the blocking one is the answer, the others are told beside it", () => {
	const { connection } = open([
		rule('msg:"a"; http.uri; content:"/a"; sid:1;'),
		rule('msg:"b"; http.host; content:"h"; sid:2;', "drop"),
		rule('msg:"c"; http.method; content:"GET"; sid:3;'),
	]);
	assert.equal(connection.requestHead?.(get("/a"))?.name, "2 b");
	assert.deepEqual(
		connection.others?.().map(({ name }) => name),
		["1 a", "3 c"],
	);
	assert.deepEqual(connection.others?.(), []);
});

test("exchanges of one connection share what rules keep on it", () => {
	const { connection, again } = open([
		rule('http.uri; content:"/a"; flowbits:set,x; noalert; sid:1;'),
		rule('msg:"after a"; http.uri; content:"/b"; flowbits:isset,x; sid:2;'),
	]);
	assert.equal(connection.requestHead?.(get("/a")), undefined);
	assert.equal(again().requestHead?.(get("/b"))?.name, "2 after a");
});

test("the handshake is judged once a session, and told with the first octets", () => {
	const clientHello = decodedHello(buildHello({ extensions: [serverNameExtension([0, "evil.example"])] }));
	const { connection, again } = open([rule('msg:"name"; tls.sni; content:"evil"; sid:1;', "alert", "tls")], {
		clientHello,
	});
	assert.equal(connection.requestHead?.(get("/"))?.name, "1 name");
	assert.equal(again().requestHead?.(get("/")), undefined);
});

test("octets of HTTP as they come are seen by rules of the payload", () => {
	const { connection } = open([rule('msg:"raw"; content:"GET /a"; depth:6; sid:1;', "drop", "tcp")]);
	assert.equal(
		shown(connection.raw?.(toServer, Buffer.from("GET /a HTTP/1.1\r\n"))),
		"1 raw | stream-to-server | block",
	);
	assert.equal(connection.raw?.(toClient, Buffer.from("GET /b")), undefined);
});

test("other protocols are recognized by their first octets", () => {
	const greeting = (text: string) => spokenProtocol(toClient, Buffer.from(text));
	assert.deepEqual(["220 mx ESMTP x\r\n", "220 FTP ready", "* OK IMAP4rev1", "+OK POP3", "hello"].map(greeting), [
		"smtp",
		"ftp",
		"imap",
		"pop3",
		undefined,
	]);
	assert.equal(spokenProtocol(toServer, Buffer.from("EHLO a\r\n")), "smtp");
	const { connection } = open([rule('msg:"mail"; content:"MAIL FROM"; sid:1;', "alert", "smtp")]);
	assert.equal(connection.octets("stream-to-server", Buffer.from("EHLO a\r\n")), undefined);
	assert.equal(
		shown(connection.octets("stream-to-server", Buffer.from("MAIL FROM:<a>"))),
		"1 mail | stream-to-server | report",
	);
});

test("without rules every exchange is blocked, or passes with a note", () => {
	const closed = unavailableSignatures("a reason", "block").open();
	for (const place of ["url", "response-body"] as const)
		assert.equal(
			shown(closed.octets(place, Buffer.of(1))),
			`signatures are not available: a reason | ${place} | block`,
		);
	const passing = unavailableSignatures("a reason", "report").open();
	assert.equal(passing.octets("url", Buffer.of(1))?.verdict, "report");
	assert.equal(passing.octets("url", Buffer.of(1)), undefined);
	assert.equal(passing.ended("url"), undefined);
});

test("R117 R118: a protocol that is told is the only one whose rules apply, and files of mail are shown as those of HTTP", () => {
	const rules = [
		rule('msg:"mail"; file_data; content:"evil"; sid:1;', "drop", "smtp"),
		rule('msg:"web"; file_data; content:"evil"; flow:to_server; sid:2;', "drop"),
		rule('msg:"any"; content:"EHLO"; sid:3;', "alert", "smtp"),
	];
	const mail = open(rules).connection;
	mail.speaks?.("smtp");
	assert.equal(shown(mail.octets("request-body", Buffer.from("evil"))), "1 mail | request-body | block");
	const other = open(rules).connection;
	other.speaks?.("other");
	assert.equal(other.octets("stream-to-server", Buffer.from("EHLO a.test\r\n")), undefined);
	assert.equal(
		shown(open(rules).connection.octets("stream-to-server", Buffer.from("EHLO a.test\r\n"))),
		"3 any | stream-to-server | report",
	);
});

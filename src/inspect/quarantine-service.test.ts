import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { forward, stop } from "#inspect/plaintext-stream.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import { QuarantineService } from "#inspect/quarantine-service.ts";
import { AddressSet } from "#policy/address-set.ts";

const client = parseAddress("10.0.0.1") as Address;

function service(redirect?: string): { list: QuarantineList; service: QuarantineService } {
	const settings = { hosts: [], exceptions: new AddressSet(), durationMs: 1, maximumHosts: 10, redirect };
	const list = new QuarantineList(settings);
	return { list, service: new QuarantineService(list, client, () => 0, redirect) };
}

const request = Buffer.from("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "latin1");

test("a host that is shut off amid a connection gets a page for its next request", () => {
	const { list, service: one } = service();
	const stream = new Http1Stream([one], "0123456789abcdef", 1_000);
	assert.equal(stream.fromClient(request), forward);
	stream.fromServer(Buffer.from("HTTP/1.1 204 No Content\r\n\r\n", "latin1"));
	list.add(client, "signature 7 a worm", 10);
	assert.equal(stream.fromClient(request), stop);
	const answer = Buffer.from(stream.stop?.answer ?? []).toString("latin1");
	assert.match(answer, /^HTTP\/1\.1 403 .*This device is shut off from the network/s);
	assert.match(
		stream.stop?.why ?? "",
		/blocked by quarantine "client 10\.0\.0\.1 is shut off until .*; signature 7 a worm"/,
	);
});

test("R200: with a page of the operator's own the request is sent there", () => {
	const { list, service: one } = service("https://help.example/quarantine");
	list.add(client, "x", 10);
	const stream = new Http1Stream([one], "0123456789abcdef", 1_000);
	assert.equal(stream.fromClient(request), stop);
	const answer = Buffer.from(stream.stop?.answer ?? []).toString("latin1");
	assert.match(answer, /^HTTP\/1\.1 302 Found\r\n/);
	assert.match(answer, /\r\nLocation: https:\/\/help\.example\/quarantine\r\n/);
});

test("octets of a protocol that is not HTTP are refused too", () => {
	const { list, service: one } = service();
	const stream = new OpaqueStream([one]);
	assert.equal(stream.fromClient(Buffer.from("x")), forward);
	list.add(client, "x", 10);
	assert.equal(stream.fromServer(Buffer.from("x")), stop);
});

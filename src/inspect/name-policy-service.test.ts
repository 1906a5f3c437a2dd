import assert from "node:assert/strict";
import { test } from "node:test";
import { type NameObstacle, NamePolicyService } from "#inspect/name-policy-service.ts";
import { requestHead } from "../../test/support/http-heads.ts";

const get = (host: string, target = "/") => requestHead([`GET ${target} HTTP/1.1`, `Host: ${host}`]);

function serviceOf(asked: string | undefined = "a.test") {
	const judged: string[] = [];
	const service = new NamePolicyService(asked, (name): NameObstacle | undefined => {
		judged.push(name);
		if (name === "no.test") return { kind: "forbidden", because: "a policy says no" };
		return name === "own.test" ? { kind: "elsewhere", because: "it is not opened" } : undefined;
	});
	return { service, judged };
}

test("another name is judged once, in whatever way it is written, and the connection's own never", () => {
	const { service, judged } = serviceOf();
	for (const host of [
		"a.test",
		"A.test.:443",
		"b.test",
		"B.TEST",
		"b.test:1",
		"b.test",
		"a.test",
		"192.0.2.1",
		"[::1]",
	])
		assert.equal(service.open().requestHead?.(get(host)), undefined, host);
	assert.deepEqual(judged, ["b.test"]);
});

test("what is forbidden is answered 403, what needs another connection 421, each time", () => {
	const { service, judged } = serviceOf();
	for (const _ of [1, 2]) {
		const no = service.requestHead(get("no.test"));
		assert.deepEqual(
			[no?.verdict, no?.answer?.status, no?.name],
			["block", 403, "a request for no.test: a policy says no"],
		);
		assert.equal(service.requestHead(get("own.test"))?.answer?.status, 421);
		assert.equal(service.requestHead(get("a.test")), undefined);
	}
	assert.deepEqual(judged, ["no.test", "own.test"]);
	assert.equal(service.requestHead(requestHead(["GET http://no.test/ HTTP/1.0"]))?.answer?.status, 403);
	assert.equal(service.requestHead(requestHead(["GET / HTTP/1.0"])), undefined);
});

test("a client that named nobody cannot be sent elsewhere", () => {
	const judge = (kind: NameObstacle["kind"]) => new NamePolicyService(undefined, () => ({ kind, because: "x" }));
	assert.equal(judge("elsewhere").requestHead(get("own.test")), undefined);
	assert.equal(judge("forbidden").requestHead(get("no.test"))?.answer?.status, 403);
});

test("more names than are kept are judged anew, and kept in bounds", () => {
	const { service, judged } = serviceOf();
	for (let at = 0; at < 100; at++) service.requestHead(get(`n${at}.test`));
	service.requestHead(get("n99.test"));
	assert.equal(judged.length, 100);
	service.requestHead(get("n0.test"));
	assert.equal(judged.length, 101);
});

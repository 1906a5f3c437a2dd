import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "#base/address.ts";
import { DatasetStore } from "#signature/dataset-store.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { requestHead, responseHead } from "../../test/support/http-heads.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { engineOf, flowOf, HttpTraffic, octetsOf, sidsOf, testFacts } from "../../test/support/signature-traffic.ts";
import { buildHello, decodedHello, serverNameExtension } from "../../test/support/tls-hello.ts";

const http = (options: string, action = "alert") => `${action} http any any -> any any (${options})`;
const tcp = (options: string, action = "alert") => `${action} tcp any any -> any any (${options})`;
const tls = (options: string) => `alert tls any any -> any any (${options})`;
const get = (path: string) => requestHead([`GET ${path} HTTP/1.1`, "Host: h"]);

function send(flow: ReturnType<typeof flowOf>, text: string, direction: typeof toServer | typeof toClient = toServer) {
	const octets = Buffer.from(text, "latin1");
	flow.stream(direction, octets, 0, octets.length);
	return sidsOf(flow);
}

function ask(flow: ReturnType<typeof flowOf>, path: string): number[] {
	flow.requestHead(get(path));
	flow.messageEnd(toServer);
	return sidsOf(flow);
}

test("bits that one message sets are asked for by a later one, in either order of the rules", () => {
	const rules = [
		http('http.uri; content:"/b"; flowbits:isset,seen; sid:2;'),
		http('http.uri; content:"/a"; flowbits:set,seen; flowbits:noalert; sid:1;'),
		http('http.uri; content:"/c"; flowbits:unset,seen; noalert; sid:3;'),
	];
	const flow = flowOf(engineOf(rules), "http");
	assert.deepEqual(
		["/b", "/a", "/b", "/a/b", "/c", "/b"].map((path) => ask(flow, path)),
		[[], [], [2], [2], [], []],
	);
	assert.deepEqual(ask(flowOf(engineOf(rules), "http"), "/a/b"), [2], "one message that sets and asks");
});

test("a response may ask for what the request set", () => {
	const rules = [
		http('flow:to_server; http.uri; content:"/login"; flowbits:set,login; noalert; sid:1;'),
		http('flow:to_client; http.stat_code; content:"200"; flowbits:isset,login; sid:2;'),
	];
	const flow = flowOf(engineOf(rules), "http");
	const request = get("/login");
	flow.requestHead(request);
	flow.messageEnd(toServer);
	flow.responseHead(responseHead(["HTTP/1.1 200 OK"]), request);
	const [alert] = flow.alerts;
	assert.deepEqual([alert?.signature.sid, alert?.request?.target, alert?.response?.status], [2, "/login", 200]);
});

test("thresholds count over connections by host, and by flow within one", () => {
	let now = 0;
	const rules = [
		http('http.uri; content:"/a"; threshold:type limit,track by_src,count 1,seconds 10; sid:1;'),
		http('http.uri; content:"/a"; detection_filter:track by_flow,count 1,seconds 10; sid:2;'),
	];
	const engine = engineOf(rules, undefined, () => now);
	const [first, second] = [flowOf(engine, "http"), flowOf(engine, "http")];
	assert.deepEqual([ask(first, "/a"), ask(first, "/a"), ask(second, "/a")], [[1], [2], []]);
	now = 10_000;
	assert.deepEqual(ask(second, "/a"), [1]);
	const other = flowOf(engine, "http", { ...testFacts, client: parseAddress("192.0.2.9") ?? assert.fail() });
	assert.deepEqual(ask(other, "/a"), [1]);
});

test("an action that a limit does not hold back acts without being told again", () => {
	const rule = http('http.uri; content:"/a"; threshold:type limit,track by_src,count 1,seconds 10; sid:1;', "drop");
	const flow = flowOf(engineOf([rule]), "http");
	for (const path of ["/a", "/a/b"]) flow.requestHead(get(path));
	assert.deepEqual(
		flow.alerts.map(({ isBlocking, isTold }) => [isBlocking, isTold]),
		[[true, true]],
	);
	flow.messageEnd(toServer);
	flow.requestHead(get("/a"));
	assert.deepEqual([flow.alerts[1]?.isBlocking, flow.alerts[1]?.isTold], [true, false]);
});

test("a pass rule ends the inspection of the connection", () => {
	const rules = [
		http('http.host; content:"h"; sid:1;', "pass"),
		http('http.uri; content:"/a"; sid:2;', "drop"),
		http('http.uri; content:"/a"; sid:3;'),
	];
	const flow = flowOf(engineOf(rules), "http");
	assert.deepEqual([ask(flow, "/a"), ask(flow, "/a")], [[], []]);
});

test("addresses, ports and direction of the header count", () => {
	const rules = [
		'alert http 192.0.2.0/24 any -> any 80 (http.uri; content:"/a"; sid:1;)',
		'alert http any any -> any 443 (http.uri; content:"/a"; sid:2;)',
		'alert http 198.51.100.0/24 any -> any any (http.uri; content:"/a"; sid:3;)',
		'alert http 198.51.100.0/24 any <> any any (http.uri; content:"/a"; sid:4;)',
		'alert http any 80 -> 192.0.2.1 any (http.stat_code; content:"200"; sid:5;)',
	];
	const flow = flowOf(engineOf(rules), "http");
	assert.deepEqual(ask(flow, "/a"), [1, 4]);
	flow.responseHead(responseHead(["HTTP/1.1 200 OK"]), undefined);
	assert.deepEqual(sidsOf(flow), [5]);
});

test("a rule is told once a message, and again in the next", () => {
	const flow = flowOf(engineOf([http('file.data; content:"evil"; flow:to_client; sid:1;')]), "http");
	const octets = Buffer.from("evil evil");
	for (let message = 0; message < 2; message++) {
		flow.responseHead(responseHead(["HTTP/1.1 200 OK"], "x"), undefined);
		for (let piece = 0; piece < 3; piece++) flow.body(toClient, octets, 0, octets.length);
		flow.messageEnd(toClient);
		assert.deepEqual(sidsOf(flow), [1]);
	}
});

test("contents of one body are found together over the seams of its pieces", () => {
	const rules = [http('file.data; content:"first part"; content:"second"; distance:0; flow:to_client; sid:1;')];
	const body = Buffer.from(`${"x".repeat(5_000)}first part${"y".repeat(90_000)}second${"z".repeat(100)}`);
	const engine = engineOf(rules);
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 12 }), (sizes) => {
			const flow = flowOf(engine, "http");
			flow.responseHead(responseHead(["HTTP/1.1 200 OK"], "x"), undefined);
			let at = 0;
			for (const size of [...sizes, body.length]) {
				const end = Math.min(body.length, at + size);
				flow.body(toClient, body, at, end);
				at = end;
			}
			flow.messageEnd(toClient);
			assert.deepEqual(sidsOf(flow), [1]);
		}),
		{ numRuns: 20 },
	);
});

test("however a body is cut, the same rules match in it", () => {
	const rules = [
		http('flow:to_client; http.response_body; content:"abca"; content:"cc"; sid:1;'),
		http('flow:to_client; http.response_body; content:"bcab"; nocase; content:"ACC"; nocase; sid:2;'),
		http('flow:to_client; http.response_body; content:"aab"; content:"c"; distance:1; within:3; sid:3;'),
		http('flow:to_client; http.response_body; content:"bb"; content:!"cab"; sid:4;'),
		http('flow:to_client; http.response_body; content:"b"; offset:5; depth:9; content:"ccc"; sid:5;'),
		http('flow:to_client; http.response_body; content:"cbc"; content:"aaa"; fast_pattern; flowbits:isset,two; sid:6;'),
		http('flow:to_client; http.response_body; content:"baba"; flowbits:set,two; sid:7;'),
	];
	const engine = engineOf(rules);
	const matches = (body: string, cuts: readonly number[]) => {
		const flow = flowOf(engine, "http");
		const request = get("/");
		flow.requestHead(request);
		flow.messageEnd(toServer);
		flow.responseHead(responseHead(["HTTP/1.1 200 OK"]), request);
		const octets = Buffer.from(body, "latin1");
		let from = 0;
		for (const cut of [...cuts, octets.length].map((place) => Math.min(place, octets.length)).sort((a, b) => a - b)) {
			flow.body(toClient, octets, from, cut);
			from = cut;
		}
		flow.messageEnd(toClient);
		return sidsOf(flow).sort();
	};
	const bodies = fc.string({ unit: fc.constantFrom(..."abcABC"), maxLength: 60 });
	const cutPlaces = fc.array(fc.nat(60), { maxLength: 8 });
	fc.assert(fc.property(bodies, cutPlaces, (body, cuts) => assert.deepEqual(matches(body, cuts), matches(body, []))));
	assert.deepEqual(matches("aBabaBabcabcbcAACcaaaccc", [3, 9, 12, 20]), [1, 2, 5]);
});

test("a content is found deep in a long body, and places count from its start", () => {
	const rules = [
		http('file.data; content:"needle in it"; flow:to_client; sid:1;'),
		http('file.data; content:"needle in it"; depth:100; flow:to_client; sid:2;'),
		http('file.data; content:"start"; depth:5; content:"needle in it"; flow:to_client; sid:3;'),
	];
	const flow = flowOf(engineOf(rules), "http");
	flow.responseHead(responseHead(["HTTP/1.1 200 OK"], "x"), undefined);
	const chunk = Buffer.alloc(65_536, "start of it, and more. ");
	for (let index = 0; index < 40; index++) flow.body(toClient, chunk, 0, chunk.length);
	flow.body(toClient, Buffer.from("a needle in it"), 0, 14);
	flow.messageEnd(toClient);
	// The third would need the beginning, which is gone by then.
	assert.deepEqual(sidsOf(flow), [1]);
});

test("a rule of the payload is about the stream and about single packets", () => {
	const rules = [
		tcp('content:"abc"; depth:3; sid:1;'),
		tcp('content:"cd"; sid:2;'),
		tcp('dsize:3; content:"xyz"; sid:3;'),
		tcp('content:"end"; flow:to_client; sid:4;'),
	];
	const flow = flowOf(engineOf(rules), "tcp");
	assert.deepEqual(send(flow, "xabc"), []);
	assert.deepEqual(send(flow, "d"), [2]);
	assert.deepEqual(send(flow, "abc"), [1]);
	assert.deepEqual(send(flow, "xyz"), [3]);
	assert.deepEqual(send(flow, "the end", toServer), []);
	assert.deepEqual(send(flow, "the end", toClient), [4]);
	const withoutPackets = flowOf(engineOf(rules), "tcp", { ...testFacts, hasPackets: false });
	assert.deepEqual(send(withoutPackets, "xyz"), []);
});

test("a match in the stream is told again only for new octets", () => {
	const flow = flowOf(engineOf([tcp('content:"AUTH failed"; sid:1;')]), "tcp");
	assert.deepEqual(
		["AUTH failed\r\n", "x", "AUTH fai", "led\r\n", "y"].map((text) => send(flow, text)),
		[[1], [], [], [1], []],
	);
});

test("protocols of the connection count, once they are known", () => {
	const rules = [
		'alert smtp any any -> any any (content:"MAIL"; sid:1;)',
		'alert ip any any -> any any (content:"MAIL"; sid:2;)',
		'alert udp any any -> any any (content:"MAIL"; sid:3;)',
	];
	assert.deepEqual(send(flowOf(engineOf(rules), "smtp"), "MAIL"), [1, 2]);
	assert.deepEqual(send(flowOf(engineOf(rules), "tcp"), "MAIL"), [2]);
	assert.deepEqual(send(flowOf(engineOf(rules), "udp"), "MAIL"), [2, 3]);
});

test("the handshake of TLS is judged message by message", () => {
	const rules = [
		tls('tls.sni; content:"evil.example"; endswith; sid:1;'),
		tls('tls.cert_subject; content:"CN=evil"; sid:2;'),
		tls("tls_cert_expired; sid:3;"),
		tls("tls_cert_valid; sid:4;"),
		tls("tls.version:1.2; sid:5;"),
		tls("ssl_version:tls1.3; sid:6;"),
		tls("ssl_state:client_hello; sid:7;"),
		tls('ja3.hash; content:"0123"; sid:8;'),
		tls('tls.certs; content:"|30|"; startswith; sid:9;'),
		tls('tls.subject:"CN=evil"; sid:10;'),
		tls('ja3s.string; content:"771,"; startswith; sid:11;'),
		tls('tls.cert_serial; content:"7B"; tls.cert_issuer; content:"CN=evil"; sid:12;'),
	];
	const made = makeCertificate({
		subject: "CN=evil",
		serial: 123n,
		notAfter: new Date("2020-01-01"),
		notBefore: new Date("2019-01-01"),
	});
	const clientHello = decodedHello(buildHello({ extensions: [serverNameExtension([0, "www.evil.example"])] }));
	const serverHello = {
		isRetryRequest: false,
		version: 0x0303,
		cipherSuite: 49_199,
		group: undefined,
		sessionId: new Uint8Array(0),
		compressionMethod: 0,
		isResumed: false,
		alpn: undefined,
		extensionTypes: [65_281],
	};
	const engine = engineOf(rules, undefined, () => Date.parse("2026-11-30"));
	const flow = flowOf(engine, "tls");
	flow.handshake("client-hello", { clientHello });
	assert.deepEqual(
		sidsOf(flow).sort((a, b) => a - b),
		[1, 7],
	);
	flow.handshake("server-hello", { clientHello, serverHello });
	assert.deepEqual(
		sidsOf(flow).sort((a, b) => a - b),
		[5, 11],
	);
	flow.handshake("certificate", { clientHello, serverHello, chain: [made.certificate] });
	assert.deepEqual(
		sidsOf(flow).sort((a, b) => a - b),
		[2, 3, 9, 10, 12],
	);
});

test("datasets are asked for and filled", () => {
	const datasets = new DatasetStore();
	datasets.load("bad", "string", Buffer.from("h").toString("base64"));
	const rules = [
		http("http.host; dataset:isset,bad,type string; sid:1;"),
		http("http.uri; dataset:set,paths,type string; sid:2;"),
	];
	const flow = flowOf(engineOf(rules, datasets), "http");
	assert.deepEqual(
		[ask(flow, "/a"), ask(flow, "/a"), ask(flow, "/b")].map((sids) => sids.sort()),
		[[1, 2], [1], [1, 2]],
	);
});

test("counters of a connection count its matches", () => {
	const rules = [
		http('http.uri; content:"/a"; flowint:n,+,1; noalert; sid:1;'),
		http('http.uri; content:"/a"; flowint:n,>,1; sid:2;'),
	];
	const flow = flowOf(engineOf(rules), "http");
	assert.deepEqual([ask(flow, "/a"), ask(flow, "/a"), ask(flow, "/a")], [[], [2], [2]]);
});

test("what nobody takes is bounded, and so is the comparing of one message", () => {
	const rules = Array.from({ length: 400 }, (_, index) =>
		http(`file.data; content:"pattern number ${index}"; content:!"x"; flow:to_client; sid:${index + 1};`),
	);
	const flow = flowOf(engineOf(rules), "http");
	flow.responseHead(responseHead(["HTTP/1.1 200 OK"], "x"), undefined);
	const octets = Buffer.from(rules.map((_, index) => `pattern number ${index}`).join(" "));
	for (let index = 0; index < 10; index++) flow.body(toClient, octets, 0, octets.length);
	flow.messageEnd(toClient);
	assert.ok(flow.alerts.length > 200 && flow.alerts.length <= 256, String(flow.alerts.length));
});

test("no traffic makes it fail, and the same traffic gives the same alerts", () => {
	const rules = [
		http('http.uri; content:"a"; http.request_body; content:"b"; sid:1;'),
		http('http.header; pcre:"/a.*b/s"; sid:2;'),
		tcp('content:"a"; byte_jump:1,0,relative; content:"b"; distance:0; sid:3;'),
		http('file.data; strip_whitespace; content:"ab"; sid:4;'),
		http('http.cookie; content:!"a"; flowbits:toggle,x; sid:5;'),
	];
	const engine = engineOf(rules);
	const unit = fc.constantFrom(..."ab /:\u00b6");
	const message = fc.tuple(fc.string({ unit, maxLength: 30 }), fc.string({ unit, maxLength: 40 }), fc.nat(50));
	fc.assert(
		fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
			const runs = [1, 2].map(() => {
				const flow = flowOf(engine, "http");
				const traffic = new HttpTraffic(flow);
				try {
					for (const [path, body, cut] of messages) {
						const text = `POST /${path.replaceAll(/[ \u00b6]/g, "")} HTTP/1.1\u00b6Host: h\u00b6X: ${path.replaceAll("\u00b6", "")}\u00b6Content-Length: ${octetsOf(body).length}\u00b6\u00b6${body}`;
						const octets = octetsOf(text);
						traffic.send(toServer, octets.subarray(0, cut));
						traffic.send(toServer, octets.subarray(cut));
					}
				} catch {
					// The machine refuses what is no HTTP.
				}
				return sidsOf(flow);
			});
			assert.deepEqual(runs[0], runs[1]);
		}),
	);
});

test("no more than so many octets of a body or of a stream are looked into, where that is limited", () => {
	const engine = engineOf([
		'alert http any any -> any any (msg:"body"; flow:to_server; http.request_body; content:"evil word"; sid:1;)',
		'alert tcp any any -> any any (msg:"stream"; content:"evil word"; sid:2;)',
	]);
	const found = (maxDepth: number | undefined) => {
		const flow = flowOf(engine, "http", { ...testFacts, maxDepth });
		const fill = Buffer.alloc(2_000, "x");
		const evil = Buffer.from("an evil word");
		flow.body(toServer, fill, 0, fill.length);
		flow.body(toServer, evil, 0, evil.length);
		flow.messageEnd(toServer);
		flow.stream(toServer, fill, 0, fill.length);
		flow.stream(toServer, evil, 0, evil.length);
		// The next body begins anew.
		flow.body(toServer, evil, 0, evil.length);
		flow.messageEnd(toServer);
		return sidsOf(flow);
	};
	assert.deepEqual(found(undefined), [1, 2, 1]);
	assert.deepEqual(found(1_024), [1]);
});

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInspectPcap } from "#daemon/inspect-pcap-command.ts";
import { pcapFile, pcapngFile, tcpFrames } from "../../test/support/captures.ts";
import { Collector } from "../../test/support/collector.ts";
import { recordTls } from "../../test/support/tls-recording.ts";

const frames = tcpFrames([
	{ fromClient: true, payload: "GET /evil?x HTTP/1.1\r\nHost: h.example\r\nUser-Agent: a\r\n\r\n" },
	{ fromClient: false, payload: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
]);

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
	const [out, err] = [new Collector(), new Collector()];
	const io = { stdout: out, stderr: err, isTerminal: false, columns: 80 };
	const status = await runInspectPcap(args, io);
	return { status, out: out.text, err: err.text };
}

function files(t: { after(end: () => void): void }): {
	capture: string;
	rules: string;
	path: (name: string) => string;
} {
	const folder = mkdtempSync(join(tmpdir(), "capture-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const path = (name: string) => join(folder, name);
	writeFileSync(path("a.pcap"), pcapFile(frames));
	writeFileSync(
		path("a.rules"),
		'alert http $HOME_NET any -> any any (msg:"evil target"; http.uri; content:"/evil"; sid:7; rev:2;)\nalert http any any -> any any (lua:x; sid:8;)\n',
	);
	return { capture: path("a.pcap"), rules: path("a.rules"), path };
}

test("alerts are lines; rules that were not loaded and what was read are told beside them", async (t) => {
	const { capture, rules } = files(t);
	const { status, out, err } = await run(capture, "--rules", rules);
	assert.equal(status, 0);
	assert.match(
		out,
		/^2026-11-\d\d \d\d:\d\d:\d\d {2}1:7:2 {2}evil target {2}192\.0\.2\.1:40000 -> 198\.51\.100\.2:80 GET \/evil\?x\n$/,
	);
	assert.match(
		err,
		/^1 rules were loaded, 1 were not\n {2}not loaded: 1 by lua: the keyword is not supported\n4 packets, 1 connections, 1 alerts\n$/,
	);
});

test("as JSON they are lines of EVE, from pcapng as well", async (t) => {
	const { rules, path } = files(t);
	writeFileSync(path("b.pcapng"), pcapngFile(frames));
	const { out } = await run(path("b.pcapng"), "--rules", rules, "--json");
	const { timestamp, alert, http, event_type: kind } = JSON.parse(out);
	assert.deepEqual(
		[timestamp, kind, alert.signature_id, http.url],
		["2026-11-30T00:00:00.002000+0000", "alert", 7, "/evil?x"],
	);
});

test("variables of the rules can be given", async (t) => {
	const { capture, rules } = files(t);
	assert.equal((await run(capture, "--rules", rules, "--variable", "HOME_NET=10.0.0.0/8")).out, "");
	assert.notEqual((await run(capture, "--rules", rules, "--variable", "HOME_NET=192.0.2.0/24")).out, "");
});

test("TLS is read with a key log, which is never shown, and what it does not open is counted", async (t) => {
	const { rules, path } = files(t);
	const recordings = await Promise.all([
		recordTls({ minVersion: "TLSv1.3" }, ["/evil?13"], "ok"),
		recordTls({ maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES256-GCM-SHA384" }, ["/evil?12"], "ok"),
		recordTls({ maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-SHA256" }, ["/evil?cbc"], "ok"),
	]);
	const captured = recordings.flatMap(({ segments }, index) => tcpFrames(segments, 443, 40_000 + index));
	const keyLog = recordings.map((one) => one.keyLog).join("");
	writeFileSync(path("tls.pcap"), pcapFile(captured));
	writeFileSync(path("keys"), keyLog);
	assert.equal((await run(path("tls.pcap"), "--rules", rules)).out, "");
	const { out, err, status } = await run(path("tls.pcap"), "--rules", rules, "--keylog", path("keys"));
	assert.equal(status, 0);
	assert.deepEqual(
		out
			.trimEnd()
			.split("\n")
			.map((line) => line.replace(/.*evil target {2}/, "")),
		["192.0.2.1:40000 -> 198.51.100.2:443 GET /evil?13", "192.0.2.1:40001 -> 198.51.100.2:443 GET /evil?12"],
	);
	assert.match(err, /3 connections, 2 alerts\ndecrypted: 2 connections\n/);
	assert.match(
		err,
		/\nnot decrypted or not to the end: 1 connections, cipher suite TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256\n/,
	);
	for (const word of keyLog.split(/\s+/)) if (word.length > 60) assert.ok(!`${out}${err}`.includes(word));
	writeFileSync(path("broken"), `${keyLog}CLIENT_RANDOM 5ec7e7 5ec7e7\n`);
	const broken = await run(path("tls.pcap"), "--rules", rules, "--keylog", path("broken"));
	assert.equal(broken.status, 1);
	assert.match(broken.err, /broken: line \d+ is none of a key log/);
	assert.ok(!broken.err.includes("5ec7e7"));
});

test("what stands in the way is told, with the status of its blame", async (t) => {
	const { capture, rules, path } = files(t);
	writeFileSync(path("cut.pcap"), pcapFile(frames).subarray(0, 300));
	const cases: [string[], number, RegExp][] = [
		[[], 2, /expected one file, got 0/],
		[[capture], 2, /no rules are named/],
		[[capture, "--rules", rules, "--variable", "x"], 2, /variable "x" is none/],
		[[path("none"), "--rules", rules], 1, /does not exist/],
		[[rules, "--rules", rules], 1, /is no capture/],
		[[capture, "--rules", path("none")], 1, /does not exist/],
		[[path("cut.pcap"), "--rules", rules], 1, /the file is cut in .*what comes before was inspected/],
	];
	for (const [args, status, message] of cases) {
		const result = await run(...args);
		assert.deepEqual([result.status, message.test(result.err)], [status, true], result.err);
	}
	assert.match((await run("--help")).out, /^Usage: sallyport inspect-pcap FILE --rules FILE/);
});

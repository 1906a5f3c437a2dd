/** HTTP/2 that is inspected, between real ends: curl and Node as clients, nginx and Node as origins. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
	type ClientHttp2Session,
	connect as connectHttp2,
	constants,
	type IncomingHttpHeaders,
	type ServerHttp2Stream,
} from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { eventually, freePort, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { http2Origin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTls } from "../support/proxy-client.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["app.test", "down.test"]);
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? []);
const large = randomBytes(3_000_000);
const folder = mkdtempSync(join(tmpdir(), "sallyport-http2-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

/** What the Node origin does, by path. */
const answers: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
	"/eicar": (stream) => {
		stream.respond({ "content-length": eicar.length });
		stream.end(eicar);
	},
	"/late-eicar": (stream) => {
		stream.respond();
		stream.write(large.subarray(0, 100_000));
		setTimeout(() => stream.end(eicar), 30);
	},
	"/large": (stream) => stream.end(large),
	"/endless": (stream) => {
		stream.respond();
		stream.write("it begins");
	},
	"/hints": (stream) => {
		stream.additionalHeaders({ ":status": 103, link: "</style.css>; rel=preload" });
		stream.end("hinted");
	},
	"/rpc": (stream) => {
		stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
		stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
		stream.on("data", (chunk: Buffer) => stream.write(Buffer.concat([Buffer.from("echo "), chunk])));
		stream.on("end", () => stream.end());
	},
	"/count": (stream) => {
		let count = 0;
		stream.on("data", (chunk: Buffer) => {
			count += chunk.length;
		});
		stream.on("end", () => stream.end(`${count}`));
	},
};
const origin = await http2Origin(owner, identity, (server) => {
	server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
		stream.on("error", () => undefined);
		const answer = answers[headers[":path"] ?? ""];
		if (answer !== undefined) answer(stream);
		else stream.end(`this is ${headers[":path"]}`);
	});
});
const both = await http2Origin(owner, identity, (server) => {
	server.on("request", (request, response) => response.end(request.httpVersion));
});
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	mappings: { "app.test": "inet 127.0.0.1;", "down.test": "inet 127.0.0.1;" },
	policies: hostPolicy(
		"down",
		"permit { application-services { ssl-proxy { profile-name downgrade; } pattern-policy standard; } }",
	),
	security: hostBook({ down: "down.test" }),
	profiles: `profile downgrade {
		root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test; downgrade-http2;
		actions { log { all; } }
	}`,
});

/** A session of Node's client through the gateway. */
async function open(t: TestContext): Promise<{ session: ClientHttp2Session; localPort: number }> {
	const client = await openTls(gateway, `app.test:${origin.port}`, { ALPNProtocols: ["h2"] });
	const session = connectHttp2(`https://app.test:${origin.port}`, { createConnection: () => client.release() });
	session.on("error", () => undefined);
	// Beyond the first window the gateway has something to pay its pages with.
	session.setLocalWindowSize(1_000_000);
	t.after(() => session.destroy());
	return { session, localPort: client.localPort };
}

interface Answer {
	readonly status: number | undefined;
	readonly body: Buffer;
	readonly trailers: IncomingHttpHeaders | undefined;
	readonly headers: IncomingHttpHeaders | undefined;
	readonly interim: readonly number[];
	readonly error: string | undefined;
}

/** One request; `body` in pieces, each sent once the one before was answered. */
function ask(session: ClientHttp2Session, path: string, ...body: readonly (string | Buffer)[]): Promise<Answer> {
	return new Promise((resolve) => {
		const stream = session.request({ ":path": path, ":method": body.length > 0 ? "POST" : "GET" });
		const parts: Buffer[] = [];
		const interim: number[] = [];
		let headers: (IncomingHttpHeaders & { readonly ":status"?: number | undefined }) | undefined;
		let trailers: IncomingHttpHeaders | undefined;
		let error: string | undefined;
		stream.on("headers", (fields) => interim.push(fields[":status"] ?? 0));
		stream.on("response", (fields) => {
			headers = fields;
		});
		stream.on("trailers", (fields) => {
			trailers = fields;
		});
		stream.on("data", (chunk: Buffer) => parts.push(chunk));
		stream.on("error", (cause: Error) => {
			error = cause.message;
		});
		stream.on("close", () => {
			resolve({ status: headers?.[":status"], body: Buffer.concat(parts), trailers, headers, interim, error });
		});
		for (const piece of body) stream.write(piece);
		stream.end();
	});
}

test("R117: a response that is blocked is a page on its stream, never cached; what ran beside it arrives whole", async (t) => {
	const { session, localPort } = await open(t);
	await eventually(() => session.state.localWindowSize === 1_000_000, "the window");
	const [one, blocked, two, file] = await Promise.all(
		["/one", "/eicar", "/two", "/large"].map((path) => ask(session, path)),
	);
	assert.deepEqual([one?.body.toString(), two?.body.toString()], ["this is /one", "this is /two"]);
	assert.deepEqual(file?.body, large);
	assert.equal(blocked?.status, 403);
	assert.equal(blocked?.headers?.["cache-control"], "no-store");
	assert.match(blocked?.body.toString() ?? "", /pattern eicar.*sallyport explain/s);
	session.close();
	const record = await gateway.record(localPort);
	assert.deepEqual([record.requests, record.inspection, record.faultCode], [4, "inspected", undefined]);
	assert.deepEqual(
		record.findings.map(({ name, where }) => [name, where]),
		[["eicar", "response-body"]],
	);
});

test("a request body that is blocked is answered with 403, and the next request passes", async (t) => {
	const { session } = await open(t);
	const blocked = await ask(session, "/count", Buffer.alloc(50_000), eicar, Buffer.alloc(50_000));
	assert.deepEqual([blocked.status, blocked.error], [403, undefined]);
	assert.equal((await ask(session, "/count", large)).body.toString(), String(large.length));
});

test("a block in a response under way resets its stream alone", async (t) => {
	const { session } = await open(t);
	const [late, file] = await Promise.all([ask(session, "/late-eicar"), ask(session, "/large")]);
	assert.match(late?.error ?? "", /NGHTTP2_INTERNAL_ERROR/);
	assert.ok(!late?.body.includes(eicar));
	assert.deepEqual(file?.body, large);
});

test("a gRPC conversation goes on message by message, and its trailers arrive", async (t) => {
	const { session } = await open(t);
	const stream = session.request({ ":path": "/rpc", ":method": "POST", te: "trailers" });
	let got = "";
	let trailers: IncomingHttpHeaders | undefined;
	stream.on("data", (chunk: Buffer) => {
		got += chunk;
	});
	stream.on("trailers", (fields) => {
		trailers = fields;
	});
	for (let count = 0; count < 20; count++) {
		stream.write(`message ${count};`);
		await eventually(() => got.includes(`echo message ${count};`), `the answer to message ${count}`);
	}
	stream.end();
	await eventually(() => trailers !== undefined, "the trailers");
	assert.equal(trailers?.["grpc-status"], "0");
});

test("an interim response arrives before the final one", async (t) => {
	const { session } = await open(t);
	const answer = await ask(session, "/hints");
	assert.deepEqual([answer.interim, answer.status, answer.body.toString()], [[103], 200, "hinted"]);
});

test("two hundred requests at once, with cancelled ones among them", async (t) => {
	const { session, localPort } = await open(t);
	const all = Array.from({ length: 200 }, (_, index) => {
		if (index % 5 !== 0) return ask(session, `/${index}`);
		const stream = session.request({ ":path": "/endless" });
		stream.on("error", () => undefined);
		stream.on("response", () => stream.close(constants.NGHTTP2_CANCEL));
		return new Promise<undefined>((resolve) => stream.on("close", () => resolve(undefined)));
	});
	const got = await Promise.all(all);
	for (const [index, answer] of got.entries()) {
		if (answer !== undefined)
			assert.equal(answer.body.toString(), `this is /${index}`, `${answer.status} ${answer.error}`);
	}
	session.close();
	const record = await gateway.record(localPort);
	assert.deepEqual([record.requests, record.faultCode], [200, undefined], record.endedBecause);
});

test("curl gets a page for a blocked file and all the others over the same connection", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const { status, output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--http2", "--noproxy", "", "--cacert", gateway.caFile],
		...["--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`, "--parallel", "--parallel-max", "20"],
		...["--write-out", "\n@%{http_code} %{http_version} %{local_port} %{size_download}\n", "--output", "/dev/null"],
		...[`https://app.test:${origin.port}/{a,eicar,large,b,c,eicar,large}`],
	]);
	assert.equal(status, 0, output);
	const lines = output.split("\n").filter((line) => line.startsWith("@"));
	const [codes, ports] = [lines.map((line) => line.split(" ")[0]), new Set(lines.map((line) => line.split(" ")[2]))];
	assert.deepEqual(codes.toSorted(), ["@200", "@200", "@200", "@200", "@200", "@403", "@403"]);
	assert.equal(ports.size, 1, "one connection");
});

test("R174 R124: with downgrade-http2 both legs speak HTTP/1.1, though client and server could do otherwise", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	for (const [host, version] of [
		["app.test", "2"],
		["down.test", "1.1"],
	] as const) {
		const { status, output } = await run(t, peerPath("curl"), [
			...["--disable", "--silent", "--show-error", "--http2", "--noproxy", "", "--cacert", gateway.caFile],
			...["--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`, "--output", "/dev/null"],
			...["--write-out", "\n@%{http_version} %{local_port} \n", `https://${host}:${both.port}/one`],
		]);
		assert.equal(status, 0, output);
		const [, got, localPort] = /@(\S+) (\d+) /.exec(output) ?? [];
		assert.equal(got, version);
		const record = await gateway.record(Number(localPort));
		const alpn = version === "2" ? "h2" : "http/1.1";
		assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn, record.inspection], [alpn, alpn, "inspected"]);
	}
});

test("nginx serves files to curl through the inspecting gateway", async (t) => {
	if (!requirePeers(t, ["nginx", "curl"])) return;
	const port = await startNginx(t);
	const urls = Array.from(
		{ length: 30 },
		(_, index) => `https://app.test:${port}/${index % 3 === 0 ? "file" : "small"}`,
	);
	const { status, output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--http2", "--noproxy", "", "--cacert", gateway.caFile],
		...["--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`, "--parallel", "--compressed"],
		...["--write-out", "\n@%{http_code} %{http_version} %{size_download}\n"],
		...urls.flatMap((url) => ["--output", "/dev/null", url]),
	]);
	assert.equal(status, 0, output);
	const lines = output.split("\n").filter((line) => line.startsWith("@200 2 "));
	assert.equal(lines.length, urls.length, output);
	assert.equal(lines.filter((line) => line.endsWith(` ${large.length}`)).length, 10);
});

async function startNginx(t: TestContext): Promise<number> {
	const port = await freePort();
	mkdirSync(join(folder, "www"), { recursive: true });
	writeFileSync(join(folder, "www/file"), large);
	writeFileSync(join(folder, "www/small"), "small");
	writeFileSync(join(folder, "chain.pem"), identity.cert);
	writeFileSync(join(folder, "key.pem"), identity.key);
	writeFileSync(
		join(folder, "nginx.conf"),
		`daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
	server { listen 127.0.0.1:${port} ssl http2; ssl_certificate ${folder}/chain.pem; ssl_certificate_key ${folder}/key.pem;
		root ${folder}/www; } }`,
	);
	const child: ChildProcess = spawn(peerPath("nginx"), [
		"-c",
		join(folder, "nginx.conf"),
		"-e",
		join(folder, "error.log"),
	]);
	t.after(() => child.kill());
	await eventually(() => isListening(port), `nginx at ${port}`);
	return port;
}

function isListening(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => resolve(true));
		socket.once("error", () => resolve(false));
		socket.once("close", () => resolve(false));
		socket.once("connect", () => socket.destroy());
	});
}

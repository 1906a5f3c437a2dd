import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import tls, { createSecureContext, type TLSSocket } from "node:tls";
import { acceptClientTls, startServerTls } from "#tls/engine-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const made = makeCertificate({ names: ["a.example"] });
const serverContext = createSecureContext({ key: made.keyPem, cert: made.pem });

type Outcome = { readonly socket: TLSSocket } | { readonly error: Error };

/** A listener that answers each client's ClientHello as the client leg does. */
async function gatewaySide(
	t: TestContext,
	alpn: string | undefined,
	staple?: Uint8Array,
): Promise<{ port: number; outcome: Promise<Outcome> }> {
	const { promise, resolve } = Promise.withResolvers<Outcome>();
	const sockets = new Set<Socket>();
	const server = createServer({ allowHalfOpen: true }, (transport) => {
		sockets.add(transport);
		transport.once("data", (hello: Buffer) => {
			transport.pause();
			const outcome = {
				secured: (socket: TLSSocket) => {
					if (staple !== undefined) socket.write("hello");
					resolve({ socket });
				},
				failed: (error: Error) => resolve({ error }),
			};
			acceptClientTls(transport, hello, serverContext, alpn, outcome, { staple });
		});
	});
	await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
	t.after(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return { port: (server.address() as AddressInfo).port, outcome: promise };
}

function serverLeg(port: number, alpn: readonly string[], more: { ca?: string } = {}): Promise<Outcome> {
	const { promise, resolve } = Promise.withResolvers<Outcome>();
	const transport = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
	transport.on("error", () => undefined);
	transport.once("connect", () => {
		const context = createSecureContext(more.ca === undefined ? { ca: [] } : { ca: more.ca });
		const start = { context, serverName: "a.example", alpn, session: undefined, onSession: () => undefined };
		startServerTls(transport, start, {
			secured: (socket) => resolve({ socket }),
			failed: (error) => resolve({ error }),
		});
	});
	return promise;
}

test("both legs speak TLS over sockets whose first octets were read by somebody else, octets flow both ways", async (t) => {
	const { port, outcome } = await gatewaySide(t, "http/1.1");
	const [client, accepted] = await Promise.all([serverLeg(port, ["h2", "http/1.1"], { ca: made.pem }), outcome]);
	assert.ok("socket" in client && "socket" in accepted);
	assert.equal(client.socket.alpnProtocol, "http/1.1");
	assert.equal(client.socket.authorizationError, null);
	accepted.socket.on("data", (octets: Buffer) => accepted.socket.end(octets.toString().toUpperCase()));
	const answer = new Promise((resolve) => client.socket.on("data", (octets: Buffer) => resolve(octets.toString())));
	client.socket.write("hello");
	assert.equal(await answer, "HELLO");
	client.socket.destroy();
});

test("a server that is not trusted is still secured: the verdict is left to the caller", async (t) => {
	const { port, outcome } = await gatewaySide(t, undefined);
	const [client] = await Promise.all([serverLeg(port, []), outcome]);
	assert.ok("socket" in client);
	assert.ok(client.socket.authorizationError);
	assert.ok(client.socket.getPeerX509Certificate() !== undefined);
	client.socket.destroy();
});

test("a peer that closes during the handshake is told once as a failure", async (t) => {
	const server = createServer((socket) => socket.once("data", () => socket.destroy()));
	await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
	t.after(() => server.close());
	const outcome = await serverLeg((server.address() as AddressInfo).port, []);
	assert.ok("error" in outcome);
});

test("garbage from either side fails the handshake and nothing else", async (t) => {
	const { port, outcome } = await gatewaySide(t, undefined);
	const raw = connect(port, "127.0.0.1");
	raw.on("error", () => undefined);
	raw.on("connect", () => raw.end(Buffer.from("16030100050000000000", "hex")));
	assert.ok("error" in (await outcome));
	raw.destroy();
	const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
	await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
	t.after(() => server.close());
	assert.ok("error" in (await serverLeg((server.address() as AddressInfo).port, [])));
});

test("a socket may be destroyed in the moment in which it is secured", async (t) => {
	for (let round = 0; round < 20; round++) {
		const { port, outcome } = await gatewaySide(t, undefined);
		const client = await serverLeg(port, []);
		// Both transports too, which frees the engine's memory as soon as it can be.
		if ("socket" in client) client.socket.destroy();
		const accepted = await outcome;
		if ("socket" in accepted) accepted.socket.destroy();
	}
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
	test(`a client that asks for an OCSP response by ${version} gets it in the handshake, one that does not gets none (R35)`, async (t) => {
		const staple = Buffer.from("the response");
		for (const asks of [true, false]) {
			const { port, outcome } = await gatewaySide(t, undefined, staple);
			const got = await new Promise<Buffer | null>((resolve, reject) => {
				let seen: Buffer | null = null;
				const client = tls.connect({
					port,
					host: "127.0.0.1",
					ca: made.pem,
					servername: "a.example",
					requestOCSP: asks,
					maxVersion: version,
				});
				t.after(() => client.destroy());
				client.on("OCSPResponse", (response) => (seen = response));
				client.on("error", reject);
				// By TLS 1.3 the response is told behind the end of the handshake.
				client.on("data", () => resolve(seen));
			});
			const accepted = await outcome;
			assert.ok("socket" in accepted);
			assert.deepEqual(got, asks ? staple : null);
		}
	});
}

/** A leg to a server of TLS 1.2 that may renegotiate, and changes its certificate before or not. */
async function renegotiating(t: TestContext, alpn: readonly string[], changes: boolean): Promise<TLSSocket> {
	const other = makeCertificate({ names: ["a.example"] });
	const options = { key: made.keyPem, cert: made.pem, maxVersion: "TLSv1.2" as const, ALPNProtocols: [...alpn] };
	const server = tls.createServer(options, (socket) => {
		socket.on("error", () => undefined).resume();
		if (changes) socket.setKeyCert(createSecureContext({ key: other.keyPem, cert: other.pem }));
	});
	await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
	t.after(() => void server.close());
	const { promise, resolve } = Promise.withResolvers<Outcome>();
	const transport = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
	await new Promise((connected) => transport.once("connect", connected));
	const context = createSecureContext({ maxVersion: "TLSv1.2" });
	const start = { context, serverName: "a.example", alpn, session: undefined, onSession: undefined };
	startServerTls(
		transport,
		{ ...start, mayRenegotiate: true },
		{ secured: (socket) => resolve({ socket }), failed: (error) => resolve({ error }) },
	);
	const outcome = await promise;
	assert.ok("socket" in outcome);
	t.after(() => outcome.socket.destroy());
	return outcome.socket;
}

/** Renegotiates, and answers why the session ended by it, if it did. */
const renegotiate = (socket: TLSSocket) =>
	new Promise<string>((resolve) => {
		socket.once("error", (error) => resolve(error.message));
		socket.renegotiate({}, (error) => setTimeout(resolve, 50, error?.message ?? "goes on"));
	});

test("R173 F2: a renegotiation that brings another certificate ends the session, as does one amid HTTP/2", async (t) => {
	assert.equal(await renegotiate(await renegotiating(t, ["http/1.1"], false)), "goes on");
	assert.equal(
		await renegotiate(await renegotiating(t, ["http/1.1"], true)),
		"it renegotiated with another certificate",
	);
	assert.equal(await renegotiate(await renegotiating(t, ["h2"], false)), "it renegotiated amid HTTP/2");
});

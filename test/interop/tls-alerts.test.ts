/** The alerts of real TLS libraries, as `node:tls` reports them, and ours, as they report them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { alerts, encodeAlert, peerAlertOf } from "#tls/alert.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { connectTls, listen, listenTls, run, type TlsError, until } from "../support/tls-legs.ts";

const made = makeCertificate({ names: ["localhost", "127.0.0.1"] });
const identity = { key: made.keyPem, cert: made.pem };
const versions = ["TLSv1.2", "TLSv1.3"] as const;

test("every alert that this OpenSSL knows is read from its error, from the text and from the code alone", async (t) => {
	let description = 0;
	const port = await listen(t, (socket) => socket.once("data", () => socket.end(encodeAlert(description))));
	const unreported: string[] = [];
	for (const alert of alerts) {
		description = alert.code;
		const error = (await connectTls(t, port, {})) as TlsError;
		if (peerAlertOf(error) === undefined) {
			unreported.push(alert.name);
			continue;
		}
		assert.equal(peerAlertOf(error)?.alert.name, alert.name, error.message);
		if (error.code !== undefined) assert.equal(peerAlertOf({ code: error.code })?.alert.name, alert.name, error.code);
	}
	// OpenSSL ends the connection at these without an error of its own.
	assert.deepEqual(unreported, ["close_notify", "ech_required"]);
});

/** Clients that do not trust the certificate, and the alert each of them sends. */
const refusingClients: readonly { command: string; args: (port: number) => string[]; alert: string }[] = [
	{ command: "curl", args: (port) => ["-s", `https://127.0.0.1:${port}/`], alert: "unknown_ca" },
	{
		command: "openssl",
		args: (port) => ["s_client", "-connect", `127.0.0.1:${port}`, "-verify", "3", "-verify_return_error"],
		alert: "unknown_ca",
	},
	{ command: "gnutls-cli", args: (port) => ["-p", String(port), "127.0.0.1"], alert: "bad_certificate" },
];

for (const { command, args, alert } of refusingClients) {
	for (const version of versions) {
		test(`${command} that does not trust the CA is recognised in ${version}`, async (t) => {
			if (!requirePeers(t, [command])) return;
			const { port, errors } = await listenTls(t, { ...identity, minVersion: version, maxVersion: version });
			await run(t, peerPath(command), args(port));
			await until(() => errors.length > 0, "an alert");
			const found = peerAlertOf(errors[0] as TlsError);
			assert.equal(found?.alert.name, alert, String(errors[0]));
			assert.equal(found?.peerRefusedCertificate, true);
		});
	}
}

test("Chromium that does not trust the CA is recognised", async (t) => {
	if (!requirePeers(t, ["chromium"])) return;
	const { port, errors } = await listenTls(t, identity);
	const home = mkdtempSync(join(tmpdir(), "sallyport-chromium-"));
	t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
	await run(t, peerPath("chromium"), [
		...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
		...["--disable-background-networking", "--disable-component-update", `--user-data-dir=${home}`],
		...["--dump-dom", `https://127.0.0.1:${port}/`],
	]);
	await until(() => errors.length > 0, "an alert");
	const found = peerAlertOf(errors[0] as TlsError);
	assert.deepEqual([found?.alert.name, found?.peerRefusedCertificate], ["certificate_unknown", true]);
});

for (const [version, answer] of [
	["TLSv1.2", "handshake_failure false"],
	["TLSv1.3", "certificate_required true"],
] as const) {
	test(`a server that insists on a client certificate says ${answer.split(" ")[0]} in ${version}`, async (t) => {
		const server = createServer({ ...identity, requestCert: true, minVersion: version, maxVersion: version });
		server.on("tlsClientError", () => {});
		t.after(() => server.close());
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		const socket = await connectTls(t, (server.address() as AddressInfo).port, {});
		// In TLS 1.3 the client's handshake is done before the server looks for its certificate.
		const error = socket instanceof Error ? socket : await failureOf(socket);
		const found = peerAlertOf(error);
		assert.equal(`${found?.alert.name} ${found?.peerWantsCertificate}`, answer, error.message);
	});
}

function failureOf(socket: TLSSocket): Promise<TlsError> {
	socket.resume();
	return new Promise((resolve) => socket.on("error", resolve));
}

test("our alert before a handshake is understood by curl, openssl and gnutls-cli", async (t) => {
	if (!requirePeers(t, ["curl", "openssl", "gnutls-cli"])) return;
	const port = await listen(t, (socket) => socket.once("data", () => socket.end(encodeAlert("access_denied"))));
	const curl = await run(t, peerPath("curl"), ["-sS", `https://127.0.0.1:${port}/`]);
	assert.equal(curl.status, 35);
	assert.match(curl.output, /alert access denied/);
	const openssl = await run(t, peerPath("openssl"), ["s_client", "-connect", `127.0.0.1:${port}`]);
	assert.match(openssl.output, /SSL alert number 49/);
	const gnutls = await run(t, peerPath("gnutls-cli"), ["-p", String(port), "127.0.0.1"]);
	assert.match(gnutls.output, /\[49\]: Access was denied/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { TLSSocket } from "node:tls";
import { OwnContexts } from "#proxy/own-contexts-shell.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { clientLegOptions } from "#tls/profile.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { connectTls, listen } from "../../test/support/tls-legs.ts";

const { der, privateKey, pem } = makeCertificate({ names: ["shop.example"] });
const key = new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
const entry = { id: "shop", certificates: [der], key };
const contexts = () => new OwnContexts(2, Buffer.alloc(48), 3_600);
const options = clientLegOptions(gradeLegs("strict").client);

test("R2: a client verifies the certificate as it was loaded", async (t) => {
	const secureContext = contexts().get(entry, options, "strict");
	const port = await listen(
		t,
		(socket) => void new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => {}),
	);
	const socket = await connectTls(t, port, { ca: pem, servername: "shop.example", rejectUnauthorized: true });
	assert.ok(socket instanceof TLSSocket, String(socket));
	assert.equal(socket.authorized, true);
});

test("a context is made once for each certificate and variant, and forgotten when there are too many", () => {
	const made = contexts();
	const first = made.get(entry, options, "a");
	assert.equal(made.get(entry, options, "a"), first);
	assert.notEqual(made.get(entry, options, "b"), first);
	made.get(entry, options, "c");
	assert.notEqual(made.get(entry, options, "a"), first);
});

test("a key that does not belong to its certificate is told", () => {
	const other = makeCertificate({ names: ["shop.example"] }).privateKey;
	const wrong = { ...entry, key: new Uint8Array(other.export({ type: "pkcs8", format: "der" })) };
	assert.throws(() => contexts().get(wrong, options, "strict"), /key values mismatch/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gatewayEvent } from "#telemetry/event-table.ts";
import { explainSession } from "#telemetry/explain-session.ts";
import { localTime } from "#telemetry/format-session.ts";
import { arbitraryRecord, leg, recordedAt, sessionRecord, without } from "../../test/support/session-records.ts";

const issued = gatewayEvent("CERTIFICATE_ISSUED", recordedAt, {
	names: ["shop.example"],
	serial: "7d00aa",
	leafSha256: "a1".repeat(32),
	originSha256: "b2".repeat(32),
	ca: "inspection",
	caSha256: "cc",
	notAfter: recordedAt + 604_800_000,
	worker: 1,
	session: "5e55101234567890",
});

test("a decrypted session is told from the question to the end", () => {
	assert.equal(
		explainSession(sessionRecord()),
		`Session 3f9c2a1b77d0e452: decrypted
Asked       On ${localTime(recordedAt)} client 10.1.4.7:40001 asked listener "explicit" for shop.example:443.
            The gateway connected to 203.0.113.9:443.
            Its ClientHello names the same host.
            Its fingerprint is JA4 t13d1516h2_8daaf6152771_02713d6af862.
Decided     Rule "default" said: decrypt it; the fact that decided: no rule before it matched.
            Profile "standard" says how.
Server      Its certificate ${"b2".repeat(32)} was verified and is trusted.
            Nobody asked whether it was revoked.
Client got  Certificate ${"a1".repeat(32)}, signed by the trusted CA.
TLS         Client side: TLSv1.3, TLS_AES_256_GCM_SHA384, key exchange X25519MLKEM768, ALPN http/1.1, full handshake.
            Server side: TLSv1.3, TLS_AES_256_GCM_SHA384, key exchange X25519, ALPN http/1.1, full handshake.
Inspected   The decrypted traffic was inspected; nothing was found.
Carried     412 octets to the server, 13401 octets to the client; HTTP: 1 request.
Timing      ClientHello read after 1.3 ms, server ready after 31 ms, client ready after 35 ms, ended after 1.5 s.
Ended       The client closed.
`,
	);
});

test("R297 K8: the issuance links what the client got to the server's certificate", () => {
	const text = explainSession(sessionRecord(), issued);
	assert.match(text, /signed by CA "inspection"\./);
	assert.match(text, /with serial 7d00aa for shop\.example; it ends /);
	assert.match(text, /The issuance log links it to the server certificate above\./);
	const other = { ...issued, fields: { ...issued.fields, originSha256: "dd".repeat(32) } };
	assert.match(explainSession(sessionRecord(), other), /links it to another server certificate: dddd/);
});

test("an origin that is not trusted is said to be, with the CA that makes the client warn", () => {
	const text = explainSession(sessionRecord({ serverTrust: "the certificate has expired" }));
	assert.match(text, /is not trusted: the certificate has expired\./);
	assert.match(text, /signed by the untrusted CA, so that the client warns/);
});

test("a bypassed session says that nothing was forged or decrypted", () => {
	const record = without(
		sessionRecord({ decision: "bypass", inspection: "not decrypted", requests: 0 }),
		"clientLeg",
		"serverLeg",
		"serverTrust",
	);
	const text = explainSession(record);
	assert.match(text, /relay it untouched/);
	assert.match(text, /The server's own certificate; nothing was forged\./);
	assert.match(text, /Nothing was decrypted; nothing was found\./);
	assert.doesNotMatch(text, /HTTP:/);
});

test("listeners with a server of their own are told without a word of minted certificates", () => {
	const reversed = explainSession(
		sessionRecord({ listener: "reverse shop", clientLeg: { ...leg, isOwnCertificate: true } }),
	);
	assert.match(reversed, /Client got {2}Certificate \w+, which was loaded for this listener; nothing was forged\./);
	const { serverLeg: _, serverTrust: __, ...offloaded } = sessionRecord({ listener: "offload web" });
	assert.match(explainSession(offloaded), /Server {6}It was spoken to in clear\.[\s\S]*Server side: in clear\./);
	const { clientLeg: ___, ...encrypted } = sessionRecord({ listener: "encrypt mail" });
	const text = explainSession(encrypted);
	assert.match(text, /Client got {2}No certificate: it speaks in clear\.[\s\S]*Client side: in clear\./);
	const refused = explainSession({
		...encrypted,
		listener: "reverse shop",
		faultCode: "CLIENT_REFUSED_OWN_CERTIFICATE",
	});
	assert.match(refused, /The listener's own certificate, which it did not accept\./);
});

test("a fault is told with its meaning, its blame and what to do", () => {
	const record = sessionRecord({ faultCode: "CLIENT_DOES_NOT_TRUST_CA", endedBecause: "the client sent alert 48" });
	const text = explainSession(record);
	assert.match(text, /Ended {7}The client sent alert 48\.\n/);
	assert.match(text, /Fault CLIENT_DOES_NOT_TRUST_CA: the client refused .* \(peer-refused\)\./);
	assert.match(text, /Install the trusted CA's certificate on the client/);
});

test("findings are told one by one", () => {
	const text = explainSession(
		sessionRecord({
			findings: [
				{ service: "patterns", name: "eicar", where: "response-body", verdict: "block", request: "GET shop.example/x" },
				{ service: "patterns", name: "token", where: "url", verdict: "report" },
			],
		}),
	);
	assert.match(text, /inspected; findings: 2\./);
	assert.match(text, /- patterns found "eicar" in the response body of GET shop\.example\/x: blocked\./);
	assert.match(text, /- patterns found "token" in the url: reported only\./);
});

test("R204: a stage that decides alone is not said to have been permitted by its own rule", () => {
	const decision = { decision: "block", stage: "traffic-management" } as const;
	const permitted = explainSession(sessionRecord({ ...decision, rule: "inspect-all" }));
	assert.match(permitted, /Rule "inspect-all" permits it, and the stage traffic-management said: block it;/);
	const alone = explainSession(sessionRecord({ ...decision, rule: "traffic-management no-shop" }));
	assert.match(alone, /Rule "traffic-management no-shop" said: block it;/);
});

test("R182: traffic that was decrypted and not inspected is called so", () => {
	assert.match(
		explainSession(sessionRecord({ inspection: "decrypted, not inspected" })),
		/was decrypted, but its protocol was not inspected/,
	);
});

test("a session that ended before anything was decided claims nothing else", () => {
	const bare = without(
		sessionRecord({ decision: "none", server: { host: "", port: 0 }, timing: {}, inspection: "not decrypted" }),
		"clientLeg",
		"serverLeg",
		"serverTrust",
		"sni",
		"ja4",
		"profile",
	);
	const text = explainSession(bare);
	assert.match(text, /for no server yet\./);
	assert.match(text, /ended before the policy was asked/);
	assert.match(text, /No certificate: no TLS session with the client was made\./);
	assert.doesNotMatch(text, /ClientHello names/);
});

test("a name in the ClientHello that differs, ECH and resumption are pointed out", () => {
	const text = explainSession(
		sessionRecord({ sni: "other.example", hasEch: true, clientLeg: { ...leg, isResumed: true } }),
	);
	assert.match(text, /names another host: other\.example\./);
	assert.match(text, /Encrypted ClientHello/);
	assert.match(text, /Client side: .*, resumed\./);
});

test("text from outside cannot forge lines or steer the terminal", () => {
	const text = explainSession(sessionRecord({ sni: "x\nEnded       Fine.\x1b[2J" }));
	assert.ok(text.includes("another host: x\\nEnded       Fine.\\x1b[2J."));
	fc.assert(
		fc.property(arbitraryRecord, (record) => {
			const lines = explainSession(record, issued).split("\n");
			for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
			assert.ok(lines.length < 40);
		}),
	);
});

test("V22: what is known of a hidden name, and of the address behind a name, is one sentence each", () => {
	const real = explainSession(sessionRecord({ sni: "public.example", hasEch: true, ech: "real" }));
	assert.match(real, /The true name is hidden behind that one: .*\(Encrypted ClientHello\)\./);
	assert.match(explainSession(sessionRecord({ hasEch: true, ech: "grease" })), /for show \(GREASE\)/);
	assert.match(explainSession(sessionRecord({ nameCheck: "differs" })), /is at no address of that name/);
	assert.match(explainSession(sessionRecord({ nameCheck: "agrees" })), /The server that it addressed has that name\./);
});

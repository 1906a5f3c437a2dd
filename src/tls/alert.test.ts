import assert from "node:assert/strict";
import { test } from "node:test";
import { faultTable } from "#base/fault-table.ts";
import { type AlertName, alertOf, alerts, describeAlert, encodeAlert, peerAlertOf } from "#tls/alert.ts";
import { decodeRecord } from "#tls/record.ts";

test("the table has one row a code, in ascending order, each with a name and a source", () => {
	assert.deepEqual(
		alerts.map(({ code }) => code),
		[...new Set(alerts.map(({ code }) => code))].sort((a, b) => a - b),
	);
	for (const { name, rfc, says } of alerts) {
		assert.match(name, /^[a-z_]+$/);
		assert.match(rfc, /^RFC \d{4}$/);
		assert.ok(says.length > 0);
	}
});

test("a plaintext alert is one record of level and description", () => {
	assert.deepEqual([...encodeAlert("unknown_ca")], [21, 3, 3, 0, 2, 2, 48]);
	assert.deepEqual([...encodeAlert(40, "fatal", 0x0301)], [21, 3, 1, 0, 2, 2, 40]);
	assert.deepEqual([...encodeAlert("close_notify", "warning")], [21, 3, 3, 0, 2, 1, 0]);
	for (const { name, code } of alerts) {
		const decoded = decodeRecord(encodeAlert(name as AlertName));
		assert.ok(decoded.kind === "done");
		assert.deepEqual([...decoded.value.fragment], [2, code]);
	}
});

test("every alert that the fault table names is assigned", () => {
	for (const [code, row] of Object.entries(faultTable)) {
		if (row.tls !== undefined) assert.notEqual(alertOf(row.tls).rfc, "", code);
	}
});

test("an alert is described by name, code and meaning; an unassigned one by its code", () => {
	assert.equal(describeAlert(48), "unknown_ca (48): the issuer of the certificate is not trusted");
	assert.equal(describeAlert(99), "alert_99 (99): an unassigned alert");
});

test("the number at the end of OpenSSL's text decides", () => {
	const message =
		"406363632C7F0000:error:0A000416:SSL routines:ssl3_read_bytes:ssl/tls alert certificate unknown:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number 46\n";
	const found = peerAlertOf({ code: "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN", message });
	assert.equal(found?.alert.name, "certificate_unknown");
	assert.equal(found?.peerRefusedCertificate, true);
	assert.equal(peerAlertOf({ message: "SSL alert number 199" })?.alert.name, "alert_199");
});

test("the code alone is read in the spelling of every OpenSSL release", () => {
	const spellings: [string, string][] = [
		["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "bad_certificate"],
		["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "bad_certificate"],
		["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "unknown_ca"],
		["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "certificate_required"],
		["ERR_SSL_TLSV1_UNRECOGNIZED_NAME", "unrecognized_name"],
		["ERR_SSL_TLSV1_ALERT_USER_CANCELLED", "user_canceled"],
	];
	for (const [code, name] of spellings) assert.equal(peerAlertOf({ code })?.alert.name, name);
});

test("only alerts about the certificate say that it was refused", () => {
	const refusing = alerts.filter(
		({ code }) => peerAlertOf({ message: `SSL alert number ${code}` })?.peerRefusedCertificate,
	);
	assert.deepEqual(
		refusing.map(({ code }) => code),
		[42, 43, 44, 45, 46, 48, 113, 114],
	);
	const wanting = alerts.filter(
		({ code }) => peerAlertOf({ message: `SSL alert number ${code}` })?.peerWantsCertificate,
	);
	assert.deepEqual(
		wanting.map(({ name }) => name),
		["certificate_required"],
	);
});

test("what is no alert of the peer gives nothing", () => {
	const errors = [
		{ code: "ECONNRESET", message: "socket hang up" },
		{ code: "ERR_SSL_NO_SHARED_CIPHER", message: "error:0A0000C1:SSL routines::no shared cipher" },
		{ code: "ERR_SSL_TLSV1_ALERT_NO_SUCH_THING" },
		{ message: "SSL alert number 46 and more" },
		{ code: 46, message: 46 },
		{},
	];
	for (const error of errors) assert.equal(peerAlertOf(error), undefined);
});

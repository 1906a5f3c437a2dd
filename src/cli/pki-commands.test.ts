import assert from "node:assert/strict";
import { test } from "node:test";
import { listCommands } from "#cli/grammar.ts";
import { pkiClears, pkiRequests, pkiShows } from "#cli/pki-commands.ts";
import { CliSystem } from "../../test/support/cli-session.ts";

const line = "request security pki ca-certificate load ca-profile corp filename /tmp/ca.pem";

function system(handlers: Record<string, (values: Readonly<Record<string, string>>) => string> = {}) {
	const done: string[] = [];
	const user = new CliSystem({
		handlers: {
			"ca-file-show": () => "Fingerprint:\n    00:11 (sha1)\n",
			"ca-certificate-load": (values) => {
				done.push(JSON.stringify(values));
				return "CA certificate for profile corp loaded successfully\n";
			},
			...handlers,
		},
	}).login();
	return { user, done };
}

test("the fingerprint is shown and must be confirmed before a CA certificate is loaded", () => {
	const { user, done } = system();
	const asked = user.enter(line);
	assert.match(asked, /^Fingerprint:\n {4}00:11 \(sha1\)\n/);
	assert.deepEqual(done, []);
	assert.match(user.answer("yes"), /loaded successfully/);
	assert.deepEqual(done, ['{"ca-profile":"corp","filename":"/tmp/ca.pem"}']);
});

test("anything but yes loads nothing, and says so: a script that gives no answer has failed", () => {
	for (const answer of ["", "no", "n"]) {
		const { user, done } = system();
		user.enter(line);
		assert.equal(
			user.answer(answer),
			"error: not confirmed with yes; nothing was loaded (in a script the answer is the line behind the command)\n",
		);
		assert.deepEqual(done, []);
		assert.equal(user.enter("show system uptime").includes("unknown"), false);
	}
});

test("a file that cannot be used is told, and nobody is asked", () => {
	const { user, done } = system({
		"ca-file-show": () => {
			throw new Error("/tmp/ca.pem holds no certificate");
		},
	});
	assert.match(user.enter(line), /error: \/tmp\/ca\.pem holds no certificate/);
	user.enter("yes");
	assert.deepEqual(done, []);
});

test("R81 R96 R97 R98: the commands of authorities, as Junos has them", () => {
	const all = [pkiRequests, pkiShows, pkiClears].flatMap((node) => listCommands(node)).map(({ syntax }) => syntax);
	assert.deepEqual(
		all.filter((syntax) => /^(?:ca-|crl|default-|issuance)/.test(syntax)),
		[
			"ca-certificate ca-profile-group load",
			"ca-certificate export",
			"ca-certificate load",
			"ca-certificate replace",
			"ca-certificate verify",
			"ca-profile-group load",
			"crl load",
			"default-trust-store load",
			"ca-certificate",
			"ca-certificates",
			"crl",
			"default-trust-store",
			"issuance-log",
			"ca-certificate",
			"ca-certificates",
			"ca-profile-group",
			"crl",
			"default-trust-store",
		],
	);
});

test("K8: the issuance log is asked by name, fingerprint with or without colons, or serial", () => {
	const asked: string[] = [];
	const handlers = {
		"show-issuance-log": (values: Readonly<Record<string, string>>) => {
			asked.push(JSON.stringify(values));
			return "";
		},
	};
	const { user } = system(handlers);
	const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
	user.enter(`show security pki issuance-log name shop.example last 5`);
	user.enter(`show security pki issuance-log origin ${fingerprint}`);
	assert.deepEqual(asked, ['{"name":"shop.example","last":"5"}', `{"origin":"${fingerprint}"}`]);
	assert.match(user.enter("show security pki issuance-log origin abc"), /invalid fingerprint 'abc'/);
});

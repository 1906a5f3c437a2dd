import assert from "node:assert/strict";
import { test } from "node:test";
import { listCommands } from "#cli/grammar.ts";
import {
	localCertificateClears,
	localCertificateRequests,
	localCertificateShows,
} from "#cli/local-certificate-commands.ts";
import { CliSystem } from "../../test/support/cli-session.ts";

const name = "request security pki local-certificate";

function system() {
	const done: string[] = [];
	const handler = (values: Readonly<Record<string, string>>) => {
		done.push(JSON.stringify(values));
		return "done\n";
	};
	const handlers = Object.fromEntries(
		["load", "export", "replace", "repair"].map((verb) => [`local-certificate-${verb}`, handler]),
	);
	return { user: new CliSystem({ handlers }).login(), done };
}

test("the commands of Junos, and those that are added", () => {
	const all = [localCertificateRequests, localCertificateShows, localCertificateClears].flatMap((children) =>
		listCommands({ help: "", children }).map(({ syntax }) => syntax),
	);
	assert.deepEqual(all, [
		"certificate-request export",
		"generate-certificate-request",
		"generate-key-pair",
		"local-certificate export",
		"local-certificate generate-self-signed",
		"local-certificate load",
		"local-certificate refresh-status",
		"local-certificate repair",
		"local-certificate replace",
		"local-certificate verify",
		"certificate-request",
		"key-pair",
		"local-certificate",
		"certificate-request all",
		"certificate-request certificate-id <certificate-id>",
		"key-pair all",
		"key-pair certificate-id <certificate-id>",
		"local-certificate all",
		"local-certificate certificate-id <certificate-id>",
	]);
});

test("R266 R267: certificates are changed by classes with pki-admin, and not by those that may clear or see", () => {
	const changes = [
		"request security pki local-certificate replace certificate-id a filename f",
		"request security pki generate-key-pair certificate-id a",
		"clear security pki local-certificate all",
	];
	const of = (...permissions: readonly string[]) => {
		const system = new CliSystem({
			handlers: {
				"local-certificate-replace": () => "done\n",
				"key-pair-generate": () => "done\n",
				"local-certificate-clear": () => "done\n",
			},
		});
		const bob = system.login({ loginClass: { permissions } });
		return changes.map((line) => bob.enter(line).includes("done"));
	};
	assert.deepEqual(of("view", "pki-admin"), [true, true, true]);
	assert.deepEqual(of("view", "clear", "network", "configure", "security-control"), [false, false, false]);
});

test("a passphrase is asked for, hidden, and stands in no history", () => {
	const { user, done } = system();
	user.enter(`${name} load certificate-id corp filename corp.p12 passphrase`);
	assert.deepEqual(done, []);
	assert.equal(user.answer("correct horse"), "done\n");
	assert.deepEqual(done, ['{"certificate-id":"corp","filename":"corp.p12","passphrase":"correct horse"}']);
	assert.ok(!user.enter("show cli history").includes("horse"));
});

test("without the word, and with a file, nobody is asked", () => {
	const { user, done } = system();
	user.enter(`${name} load certificate-id corp filename corp.pem key corp.key`);
	user.enter(`${name} replace certificate-id corp filename corp.p12 passphrase passphrase-file secret`);
	user.enter(`${name} export certificate-id corp filename out.pem`);
	assert.deepEqual(
		done.map((values) => Object.keys(JSON.parse(values)).includes("passphrase")),
		[false, false, false],
	);
});

test("the passphrase of an exported key is asked for twice", () => {
	const { user, done } = system();
	const line = `${name} export certificate-id corp filename out.p12 type pkcs12`;
	user.enter(line);
	user.answer("one");
	assert.match(user.answer("other"), /error: the two are not the same/);
	user.enter(line);
	assert.match(user.answer(""), /error: a key is not exported without a passphrase/);
	assert.deepEqual(done, []);
	user.enter(line);
	user.answer("one");
	assert.equal(user.answer("one"), "done\n");
	assert.match(done.join(), /"passphrase":"one"/);
});

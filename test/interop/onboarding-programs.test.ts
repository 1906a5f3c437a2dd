/** Programs that follow the printed steps to the letter: afterwards they trust the gateway's CA, and not the untrusted one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { findCommand } from "../../scripts/system-packages.ts";
import { followingClient } from "../support/follow-steps.ts";
import { startGateway } from "../support/gateway.ts";
import { httpsOrigin, selfSigned, TestCa } from "../support/origins.ts";
import { requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const repositories = mkdtempSync(join(tmpdir(), "sallyport-repositories-"));
after(() => rmSync(repositories, { recursive: true, force: true }));
const minted = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => {
	if (request.url === "/") return response.end("the minted site\n");
	const file = join(repositories, new URL(request.url ?? "/", "https://app.test").pathname);
	if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
	response.end(readFileSync(file));
});
const untrusted = await httpsOrigin(owner, selfSigned(["app.test"]), (_, response) => response.end("never shown\n"));
const gateway = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"] });
const site = `https://app.test:${minted.port}/`;
const badSite = `https://app.test:${untrusted.port}/`;
const bundle = "/etc/ssl/certs/ca-certificates.crt";

describe("R53 R64 R33: who follows the steps trusts the gateway", () => {
	for (const [name, peers] of [
		["curl", ["curl"]],
		["node", ["curl"]],
		["python", ["curl", "python3"]],
		["java", ["curl"]],
	] as const) {
		test(`${name}: the test says trusted, a minted site opens, one of the untrusted CA does not`, async (t) => {
			if (!requirePeers(t, peers) || !hasBundle(t)) return;
			if (name === "java" && !hasJavaCompiler())
				return t.skip("no Java that runs a source file; the steps are followed where there is one");
			const client = await followingClient(t, gateway, name);
			const good = await client.shell([client.commands, client.visit(client.checkUrl), client.visit(site)].join("\n"));
			assert.equal(good.status, 0, good.output);
			assert.match(good.output, /^trusted$/m);
			assert.match(good.output, /^the minted site$/m);
			const bad = await client.shell([exportsOf(client.commands), client.visit(badSite)].join("\n"));
			assert.notEqual(bad.status, 0, bad.output);
			assert.doesNotMatch(bad.output, /never shown/);
		});
	}

	test("python's requests uses the bundle, too", async (t) => {
		if (!requirePeers(t, ["curl", "python3"]) || !hasBundle(t)) return;
		if (spawnSync("/usr/bin/python3", ["-c", "import requests"]).status !== 0)
			return t.skip("no python3-requests; npm run packages installs it");
		const client = await followingClient(t, gateway, "python");
		const get = (url: string) => `python3 -c 'import requests; print(requests.get("${url}").text)'`;
		const good = await client.shell([client.commands, get(client.checkUrl), get(site)].join("\n"));
		assert.equal(good.status, 0, good.output);
		assert.match(good.output, /trusted\n[\s\S]*the minted site/);
		const bad = await client.shell([exportsOf(client.commands), get(badSite)].join("\n"));
		assert.match(bad.output, /CERTIFICATE_VERIFY_FAILED/);
	});

	test("git clones through the gateway", async (t) => {
		if (!requirePeers(t, ["curl", "git"]) || !hasBundle(t)) return;
		const made = await run(t, "/bin/sh", [
			"-euc",
			`cd '${repositories}'; git init -q --bare repository.git; git init -q work; cd work
			git -c user.name=a -c user.email=a@b.test commit -q --allow-empty -m "through the gateway"
			git push -q ../repository.git HEAD:refs/heads/main; cd ../repository.git; git symbolic-ref HEAD refs/heads/main
			git update-server-info`,
		]);
		assert.equal(made.status, 0, made.output);
		const client = await followingClient(t, gateway, "git");
		const good = await client.shell(`${client.commands}\ngit clone -q ${site}repository.git\ngit -C repository log`);
		assert.equal(good.status, 0, good.output);
		assert.match(good.output, /through the gateway/);
		const bad = await client.shell(`git clone -q ${badSite}repository.git other`);
		assert.notEqual(bad.status, 0);
	});
});

describe("the files of the page", () => {
	const save = (file: string) =>
		`curl -fsS --proxy http://127.0.0.1:${gateway.ports.ipv4} -O http://sallyport.test/${file}`;

	test("openssl reads PEM, DER and PKCS#12: the same certificate, and no key", async (t) => {
		if (!requirePeers(t, ["curl", "openssl"])) return;
		const client = await followingClient(t, gateway, "curl");
		const { status, output } = await client.shell(`
			${["pem", "crt", "p12"].map((kind) => save(`sallyport-ca.${kind}`)).join("\n")}
			openssl x509 -in sallyport-ca.pem -noout -fingerprint -sha256
			openssl x509 -in sallyport-ca.crt -inform DER -noout -fingerprint -sha256
			openssl pkcs12 -in sallyport-ca.p12 -passin pass:changeit -nokeys -out out.pem
			openssl x509 -in out.pem -noout -fingerprint -sha256
			openssl pkcs12 -in sallyport-ca.p12 -passin pass:changeit -nocerts -nodes
		`);
		assert.equal(status, 0, output);
		const prints = [...output.matchAll(/Fingerprint=([0-9A-F:]+)/gi)].map(([, print]) => print);
		assert.equal(prints.length, 3, output);
		assert.equal(new Set(prints).size, 1);
		assert.doesNotMatch(output, /PRIVATE KEY/);
	});

	test("the profile is a property list with the certificate in it", async (t) => {
		if (!requirePeers(t, ["curl", "python3"])) return;
		const client = await followingClient(t, gateway, "curl");
		const { status, output } = await client.shell(`
			${save("sallyport-ca.mobileconfig")}
			${save("sallyport-ca.crt")}
			python3 -c '
import plistlib
profile = plistlib.load(open("sallyport-ca.mobileconfig", "rb"))
payload = profile["PayloadContent"][0]
print(profile["PayloadType"], payload["PayloadType"], payload["PayloadContent"] == open("sallyport-ca.crt", "rb").read())
'
		`);
		assert.equal(status, 0, output);
		assert.match(output, /^Configuration com\.apple\.security\.root True$/m);
	});
});

/** The lines that later commands need again. */
function exportsOf(commands: string): string {
	return commands
		.split("\n")
		.filter((line) => line.startsWith("export "))
		.join("\n");
}

function hasBundle(t: TestContext): boolean {
	if (existsSync(bundle)) return true;
	const message = `missing ${bundle} (Debian: ca-certificates); npm run packages installs it`;
	if (process.env.CI === "true") throw new Error(message);
	t.skip(message);
	return false;
}

function hasJavaCompiler(): boolean {
	return (
		spawnSync(findCommand("java") ?? "no-java", ["--list-modules"], { encoding: "utf8" }).stdout?.includes(
			"jdk.compiler@",
		) === true
	);
}

/** Chromium and Firefox that follow the printed steps: they open a minted site, and refuse one of the untrusted CA. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import type { FaultCode } from "#base/fault-table.ts";
import { type FollowingClient, followingClient } from "../support/follow-steps.ts";
import { eventually, Program, startGateway } from "../support/gateway.ts";
import { httpsOrigin, type Origin, selfSigned, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";

const owner = { after };
const ca = new TestCa();
const page = "<!doctype html><title>shop</title><p id=proof>this page came through</p>";
/** The paths that browsers asked the origin for. */
const asked: string[] = [];
const minted = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => {
	asked.push(request.url ?? "");
	response.end(page);
});
const [forChromium, forFirefox] = [await untrustedOrigin(), await untrustedOrigin()];
const gateway = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"] });
const site = (path: string) => `https://app.test:${minted.port}/${path}`;
const badSite = (origin: Origin) => `https://app.test:${origin.port}/`;
const testPage = "https://check.sallyport.test/";

describe("R53 R64: Chromium", () => {
	test("without the steps it refuses the test's page; with them it opens it and a minted site, and no other", async (t) => {
		if (!requirePeers(t, ["chromium", "certutil", "curl"])) return;
		const client = await followingClient(t, gateway, "chromium-linux");
		assert.match(await browse(client, testPage), /ERR_CERT_AUTHORITY_INVALID/);
		const followed = await client.shell(client.commands);
		assert.equal(followed.status, 0, followed.output);
		assert.match(await browse(client, testPage), /This client trusts the gateway's CA/);
		assert.match(await browse(client, site("chromium")), /this page came through/);
		const shown = await browse(client, badSite(forChromium));
		assert.match(shown, /ERR_CERT_AUTHORITY_INVALID/);
		assert.doesNotMatch(shown, /this page came through/);
		await eventually(() => faultAt(forChromium.port, "CLIENT_REFUSED_UNTRUSTED_SERVER"), "the record of the refusal");
	});

	test("the onboarding page opens in it without a proxy, and its style is permitted", async (t) => {
		if (!requirePeers(t, ["chromium", "certutil", "curl"])) return;
		const client = await followingClient(t, gateway, "chromium-linux");
		const shown = await browse(client, `http://127.0.0.1:${gateway.ports.ipv4}/`, [
			"--no-proxy-server",
			"--enable-logging=stderr",
		]);
		assert.match(shown, /Let this device trust the gateway/);
		assert.doesNotMatch(shown, /Content Security Policy|violates/);
	});
});

describe("R53 R64: Firefox", () => {
	test("without the steps it refuses a minted site; by policy it opens it and the test's page, and no other", async (t) => {
		if (!requirePeers(t, ["firefox-esr", "curl"])) return;
		const client = await followingClient(t, gateway, "firefox-policies");
		const saved = await client.shell(client.commands);
		assert.equal(saved.status, 0, saved.output);
		const distrusting = new Firefox(client, (text) => text.replace(/"Certificates": \{[^}]*\},/, ""));
		await distrusting.open(site("before"), () => faultAt(minted.port, "CLIENT_DOES_NOT_TRUST_CA"));
		// The step says: name the place where the certificate lies.
		const place = join(client.home, "sallyport-ca.pem");
		const firefox = new Firefox(client, (text) => text.replace(/\/usr\/local[^"]*\.pem/, place));
		// The certificate is taken up while the browser starts; the step says to start it anew.
		await firefox.open("about:policies");
		await firefox.open(site("after"), () => asked.includes("/after"));
		const before = answersOfTheTest();
		await firefox.open(testPage, () => answersOfTheTest() > before);
		await firefox.open(badSite(forFirefox), () => faultAt(forFirefox.port, "CLIENT_REFUSED_UNTRUSTED_SERVER"));
		assert.deepEqual(
			asked.filter((path) => path === "/before" || path.startsWith("untrusted")),
			[],
		);
	});
});

/** Firefox with a `distribution` folder of its own beside the program, as the steps say; the system's is left alone. */
class Firefox {
	readonly #client: FollowingClient;
	readonly #program: string;
	readonly #profile: string;

	constructor(client: FollowingClient, edit: (policies: string) => string) {
		this.#client = client;
		const installed = dirname(realpathSync(peerPath("firefox-esr")));
		const folder = mkdtempSync(join(client.home, "firefox-"));
		for (const name of readdirSync(installed)) {
			if (name !== "distribution" && name !== "firefox-esr") symlinkSync(join(installed, name), join(folder, name));
		}
		// It looks for its folder where the program itself lies, whatever link led to it.
		this.#program = join(folder, "firefox-esr");
		copyFileSync(join(installed, "firefox-esr"), this.#program);
		client.writeFile(folder, edit);
		this.#profile = mkdtempSync(join(client.home, "profile-"));
		writeFileSync(join(this.#profile, "user.js"), quiet.map((line) => `user_pref(${line});\n`).join(""));
	}

	/**
	 * Opens the address until `isDone`; without it, until the picture of it is taken, which Firefox does of pages but not
	 * of its warnings.
	 */
	async open(address: string, isDone?: () => boolean): Promise<void> {
		const picture = join(this.#client.home, "picture.png");
		const args = ["--headless", "--no-remote", "--profile", this.#profile, "--screenshot", picture, address];
		const program = new Program(spawn(this.#program, args, { cwd: this.#client.home, env: this.#client.environment }));
		after(() => void program.child.kill("SIGKILL"));
		if (isDone !== undefined) {
			await eventually(isDone, `what becomes of ${address}`, patienceSeconds);
			program.child.kill();
		}
		await program.ended;
	}
}

function untrustedOrigin(): Promise<Origin> {
	return httpsOrigin(owner, selfSigned(["app.test"]), (request, response) => {
		asked.push(`untrusted ${request.url}`);
		response.end(page);
	});
}

/** What Chromium makes of the address, as HTML. */
async function browse(client: FollowingClient, address: string, more: readonly string[] = []): Promise<string> {
	const args = [
		...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
		...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
		`--user-data-dir=${mkdtempSync(join(client.home, "chromium-"))}`,
		...(more.length > 0 ? more : [`--proxy-server=http://127.0.0.1:${gateway.ports.ipv4}`]),
		...["--dump-dom", address],
	];
	const program = new Program(spawn(peerPath("chromium"), args, { env: { ...process.env, HOME: client.home } }));
	after(() => void program.child.kill("SIGKILL"));
	await program.ended;
	return program.output;
}

/** True once a session to the origin ended with the fault. */
function faultAt(port: number, fault: FaultCode): boolean {
	return gateway.records().some(({ server, faultCode }) => server.port === port && faultCode === fault);
}

function answersOfTheTest(): number {
	return gateway.records().filter(({ endedBecause }) => endedBecause === "the test's page was sent").length;
}

/** What Firefox would ask of its makers meanwhile. */
const quiet = [
	`"network.captive-portal-service.enabled", false`,
	`"network.connectivity-service.enabled", false`,
	`"app.update.enabled", false`,
	`"browser.safebrowsing.malware.enabled", false`,
	`"browser.safebrowsing.phishing.enabled", false`,
	`"datareporting.policy.dataSubmissionEnabled", false`,
	`"toolkit.telemetry.enabled", false`,
	`"browser.aboutwelcome.enabled", false`,
	`"browser.shell.checkDefaultBrowser", false`,
];
const patienceSeconds = 60;

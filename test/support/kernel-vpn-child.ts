/**
 * VPNs of statements with the data plane in the kernel, in a Linux of its own, against other implementations with theirs: prints
 * what came of each step as a line of JSON. Arguments: `strongswan`, `others`.
 *
 *     this host, 10.1.0.1 behind it, at 192.0.N.1 == 192.0.N.2 peer N in its namespace, 10.2.N.1 behind it
 *
 * 1 is strongSwan, 2 libreswan, 3 OpenIKED.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { IkedService } from "#daemon/iked-service.ts";
import { TrustDirectory } from "#daemon/trust-directory.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { libreswanDaemon as pluto } from "../../scripts/system-packages.ts";
import { configOf } from "./config-text.ts";
import { peerPath } from "./peers.ts";
import { smallShell } from "./small-shell.ts";
import { strongswanSettings } from "./strongswan.ts";

process.execArgv = ["--disable-warning=ExperimentalWarning"];
const folder = mkdtempSync(join(tmpdir(), "kernel-vpn-"));
const run = smallShell();
const tell = (step: string, result: unknown) =>
	process.stdout.write(`${JSON.stringify({ step, result, seconds: Math.round(performance.now() / 1000) })}\n`);
const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
	for (let waited = 0; !(await holds()); waited += 100) {
		if (waited > 25_000)
			throw new Error(`waited in vain for ${what}: ${events.map((one) => JSON.stringify(one)).join("\n")}`);
		await sleep(100);
	}
};
const secret = "a secret of both";

const events: GatewayEvent[] = [];
const sources = {
	store: new KeyStore(folder, { isPersistent: true, passphraseFile: undefined }, 7),
	trust: new TrustDirectory(join(folder, "trust")),
	loadedCrls: [],
};
const service = new IkedService({
	sources: () => sources,
	event: (event) => events.push(event),
	log: { error: (...words: readonly unknown[]) => tell("log", words) } as never,
	now: Date.now,
	logDirectory: folder,
	stateDirectory: folder,
	listFetched: () => undefined,
});

/** One VPN for each peer that is named; `esp` statements of its proposal. */
const config = (vpns: Readonly<Record<number, string>>, wish = "auto") => {
	const each = (text: (number: string, esp: string) => string) =>
		Object.entries(vpns)
			.map(([number, esp]) => text(number, esp))
			.join("\n");
	return configOf(`
	interfaces {
		${each((n) => `wan${n} { unit 0 { family inet { address 192.0.${n}.1/24; } } }`)}
		st0 { ${each((n) => `unit ${n} { family inet { address 10.9.${n}.1/30; } }`)} }
	}
	routing-options { static { ${each((n) => `route 10.2.${n}.0/24 next-hop st0.${n};`)} } }
	security {
		ike {
			proposal p { authentication-algorithm sha-256; encryption-algorithm aes-256-cbc; dh-group group14; }
			policy p { proposals p; pre-shared-key ascii-text "${secret}"; }
			${each((n) => `gateway g${n} { ike-policy p; external-interface wan${n}.0; address 192.0.${n}.2; version v2-only; }`)}
		}
		ipsec {
			data-plane ${wish};
			${each((n, esp) => `proposal p${n} { ${esp} } policy p${n} { proposals p${n}; }`)}
			${each(
				(n) => `vpn v${n} { bind-interface st0.${n}; ike { gateway g${n}; ipsec-policy p${n};
				proxy-identity { local 10.1.0.0/24; remote 10.2.${n}.0/24; } } }`,
			)}
		}
	}`);
};
const pingWords = (number: number, more: string) => `ping -I 10.1.0.1 -W 1 ${more} 10.2.${number}.1`;
const pings = async (number: number) => (await run(pingWords(number, "-c 1"))).includes(" 1 received");
const states = () => run("ip xfrm state");
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

/** Echoes while something happens: `40/40`. */
async function pingWhile(number: number, more: string, during: () => Promise<unknown>): Promise<string> {
	const child = spawn("sh", ["-c", pingWords(number, more)], { stdio: ["ignore", "pipe", "inherit"] });
	let said = "";
	child.stdout.on("data", (chunk: Buffer) => {
		said += chunk;
	});
	const ended = once(child, "close");
	await sleep(500);
	await during();
	await ended;
	const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(said) ?? [];
	return `${received}/${sent}`;
}

async function makePeer(number: number): Promise<void> {
	await run(`ip netns add p${number}
		ip link add wan${number} type veth peer name wan netns p${number}
		ip address add 192.0.${number}.1/24 dev wan${number}; ip link set wan${number} up
		ip -n p${number} link set lo up; ip -n p${number} address add 192.0.${number}.2/24 dev wan; ip -n p${number} link set wan up
		ip -n p${number} address add 10.2.${number}.1/24 dev lo
		ip -n p${number} route add 10.1.0.0/24 via 192.0.${number}.1 src 10.2.${number}.1`);
}

/** Starts a program in a peer's namespace, with a /run of its own; what it prints goes to a file. */
function startPeer(number: number, program: string, environment: NodeJS.ProcessEnv = {}): () => string {
	const log = join(folder, `log${number}`);
	const command = `mount -t tmpfs tmpfs /run/lock 2>/dev/null; { ${program}; } > ${log} 2>&1`;
	const child = spawn("ip", ["netns", "exec", `p${number}`, "sh", "-c", command], {
		stdio: "ignore",
		env: { ...process.env, ...environment },
	});
	child.unref();
	return () => (existsSync(log) ? readFileSync(log, "utf8") : "");
}

await run("ip address add 10.1.0.1/24 dev lo");
if (process.argv.includes("strongswan")) await strongswan();
if (process.argv.includes("others")) {
	// It takes long to start.
	const isReady = await startOpeniked();
	await libreswan();
	await openiked(isReady);
}
await service.apply(configOf(""));
await service.stop();
tell("stopped", [
	await states(),
	await run("ip xfrm policy"),
	count(await run("ip -br link"), /st0/g),
	await run("ip route show proto 157"),
]);
process.exit();

async function strongswan(): Promise<void> {
	await makePeer(1);
	const swan = join(folder, "swan");
	mkdirSync(join(swan, "swanctl"), { recursive: true });
	writeFileSync(
		join(swan, "strongswan.conf"),
		strongswanSettings(swan).replace("kernel-libipsec kernel-netlink", "kernel-netlink"),
	);
	const connection = (name: string, esp: string, more = "") => `connections { t {
		version = 2
		local_addrs = 192.0.1.2
		remote_addrs = 192.0.1.1
		proposals = aes256-sha256-modp2048
		${more}
		local { auth = psk
			id = 192.0.1.2 }
		remote { auth = psk
			id = 192.0.1.1 }
		children { ${name} { local_ts = 10.2.1.0/24
			remote_ts = 10.1.0.0/24
			esp_proposals = ${esp} } } } }
	secrets { ike-1 { secret = "${secret}" } }\n`;
	const environment = { STRONGSWAN_CONF: join(swan, "strongswan.conf"), SWANCTL_DIR: join(swan, "swanctl") };
	const control = (words: string) => {
		const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
		return run(`${settings.join(" ")} ${peerPath("swanctl")} ${words} --uri unix://${swan}/charon.vici`);
	};
	const load = async (text: string) => {
		writeFileSync(join(swan, "swanctl/swanctl.conf"), text);
		return await control("--load-all --noprompt");
	};
	startPeer(1, peerPath("charon-systemd"), environment);
	await until("charon", () => existsSync(join(swan, "charon.vici")));
	await load(connection("c", "aes128gcm16-esn"));

	await service.start();
	await service.apply(config({ 1: "encryption-algorithm aes-128-gcm; extended-sequence-number;" }));
	await until("a plane", () => events.some(({ id }) => id === "VPN_DATA_PLANE"));
	const chosen = events.filter(({ id }) => id === "VPN_DATA_PLANE").map(({ fields }) => fields);
	tell("plane", [chosen, (await service.state())?.vpns.map(({ plane }) => plane)]);
	await until("an echo", () => pings(1));
	const first = await states();
	tell("strongSwan, GCM, extended numbers", [
		count(first, /flag .*esn/g),
		count(first, /espinudp/g),
		count(first, /rfc4106/g),
	]);
	tell("new keys by strongSwan", [
		await pingWhile(1, "-c 30 -i 0.1", () => control("--rekey --child c")),
		events.some(({ id }) => id === "VPN_REKEYED"),
	]);
	const [vpn] = (await service.state())?.vpns ?? [];
	tell("counters", [(vpn?.counters.encryptedPackets ?? 0) >= 30, vpn?.counters.replayed, vpn?.counters.notAuthentic]);

	await load(connection("c", "aes256-sha256"));
	const cbc = "encryption-algorithm aes-256-cbc; authentication-algorithm hmac-sha-256-128; lifetime-kilobytes 64;";
	await service.apply(config({ 1: cbc }));
	await until("an echo under other keys", () => pings(1));
	const before = events.filter(({ id }) => id === "VPN_REKEYED").length;
	tell("CBC, new keys by octets", [
		await pingWhile(1, "-c 100 -i 0.05 -s 1000", async () => undefined),
		events.filter(({ id }) => id === "VPN_REKEYED").length > before,
		count(await states(), /hmac\(sha256\) .* 128/g) >= 2,
	]);

	const killed = service.processId ?? 0;
	process.kill(killed, "SIGKILL");
	await until("another process", () => service.processId !== undefined && service.processId !== killed);
	const clearing = () => events.find(({ id }) => id === "KERNEL_TUNNELS_CLEARED");
	await until("what was left to be cleared", () => clearing() !== undefined);
	await until("an echo after the death", () => pings(1));
	const cleared = clearing();
	tell("killed", [
		Number((cleared?.fields as { readonly count?: number } | undefined)?.count) >= 5,
		count(await states(), /proto esp spi 0x(?!00000000)/g),
		count(await run("ip xfrm policy"), /^src/gm),
	]);

	await load(connection("c", "aes128gcm16", "encap = yes"));
	await control("--terminate --ike t");
	await service.apply(config({ 1: "encryption-algorithm aes-128-gcm;" }));
	await until("an echo in UDP", () => pings(1));
	tell("in UDP", [
		count(await states(), /espinudp sport 4500 dport 4500/g),
		await pingWhile(1, "-c 5 -i 0.1", async () => undefined),
	]);

	await service.apply(config({ 1: "encryption-algorithm aes-128-gcm;" }, "user-space"));
	await until("an echo through user space", () => pings(1));
	tell("user space", [(await service.state())?.vpns.map(({ plane }) => plane), await states()]);
}

async function libreswan(): Promise<void> {
	await makePeer(2);
	const own = join(folder, "libreswan");
	mkdirSync(join(own, "ipsec.d/policies"), { recursive: true });
	mkdirSync(join(own, "run"));
	mkdirSync(join(own, "nss"));
	const settings = [
		"left=192.0.2.2",
		"right=192.0.2.1",
		"leftsubnet=10.2.2.0/24",
		"rightsubnet=10.1.0.0/24",
		"authby=secret",
		"ikev2=insist",
		"auto=add",
		"pfs=no",
		"leftupdown=%disabled",
		"ike=aes256-sha2_256-modp2048",
		"esp=aes_gcm128",
	];
	writeFileSync(join(own, "ipsec.conf"), `config setup\nconn t\n${settings.map((one) => `\t${one}\n`).join("")}`);
	writeFileSync(join(own, "ipsec.secrets"), `: PSK "${secret}"\n`, { mode: 0o600 });
	await run(`${peerPath("certutil")} -N -d sql:${own}/nss --empty-password`);
	const bin = dirname(peerPath(pluto));
	// It looks for its other programs where they are installed.
	const place = `mount --bind ${dirname(bin)} /usr/libexec;`;
	const log = startPeer(
		2,
		`${place} exec ${bin}/pluto --nofork --stderrlog --use-xfrm --config ${own}/ipsec.conf --rundir ${own}/run --ipsecdir ${own}/ipsec.d --nssdir ${own}/nss --secretsfile ${own}/ipsec.secrets --no-dnssec`,
	);
	await until(`pluto: ${log()}`, () => existsSync(join(own, "run/pluto.ctl")));
	const whack = `ip netns exec p2 ${bin}/whack --rundir ${own}/run --ctlsocket ${own}/run/pluto.ctl`;
	await run(`${whack} --listen`);
	const added = await run(
		`ip netns exec p2 ${bin}/addconn --ctlsocket ${own}/run/pluto.ctl --config ${own}/ipsec.conf t`,
	);
	await service.apply(config({ 2: "encryption-algorithm aes-128-gcm;" }));
	await until(`an echo of libreswan: ${added} ${log().slice(-3_000)}`, () => pings(2));
	tell("libreswan", [
		await pingWhile(2, "-c 20 -i 0.1", () => run(`${whack} --rekey-child --name t`)),
		count(await states(), /rfc4106/g) >= 2,
	]);
}

async function startOpeniked(): Promise<() => boolean> {
	await makePeer(3);
	const file = join(folder, "iked.conf");
	writeFileSync(
		file,
		`ikev2 "t" passive esp from 10.2.3.0/24 to 10.1.0.0/24 local 192.0.3.2 peer 192.0.3.1 ikesa auth hmac-sha2-256 enc aes-256 prf hmac-sha2-256 group modp2048 childsa auth hmac-sha1 enc aes-128 srcid 192.0.3.2 dstid 192.0.3.1 psk "${secret}"\n`,
		{ mode: 0o600 },
	);
	const log = startPeer(3, `${peerPath("iked")} -d -vv -f ${file} -s ${folder}/iked.sock`);
	return () => log().includes("config_getstatic");
}

async function openiked(isReady: () => boolean): Promise<void> {
	await until("OpenIKED", isReady);
	const others = await states();
	await service.apply(config({ 3: "encryption-algorithm aes-128-cbc; authentication-algorithm hmac-sha1-96;" }));
	await until("an echo of OpenIKED", () => pings(3));
	tell("OpenIKED", [await pingWhile(3, "-c 5 -i 0.1", async () => undefined), count(await states(), /hmac\(sha1\)/g)]);
	tell("deleted", [count(others, /rfc4106/g) >= 2, count(await states(), /rfc4106/g)]);
}

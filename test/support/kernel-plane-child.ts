/**
 * The data plane in the kernel against associations that ip(8) made, in a Linux of its own: prints what came of each step as a
 * line of JSON.
 *
 *     namespace a: this process, 10.1.0.1, at 192.0.2.1 == 192.0.2.2 namespace b: ip xfrm, 10.2.0.1
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, parseAddress } from "#base/address.ts";
import { openLinux } from "#base/linux-shell.ts";
import type { EspPath, PlaneAssociation, PlaneNote } from "#esp/data-plane.ts";
import { clearKernelLeftovers, openKernelPlane, probeKernel } from "#esp/kernel-plane-shell.ts";
import { cipherNamed, integrityNamed } from "#ike/crypto/transform-table.ts";
import { descriptorOf } from "#ike/socket-shell.ts";
import { smallShell } from "./small-shell.ts";

const run = smallShell();
const ip = (words: string) => run(`ip ${words.replace(/[()]/g, "\\$&")}`);
const tell = (step: string, result: unknown) =>
	process.stdout.write(`${JSON.stringify({ step, result, at: Math.round(performance.now()) })}\n`);
const address = (text: string) => parseAddress(text) as Address;
const own = "192.0.2.1";
const peer = "192.0.2.2";
const everything = (octets: 4 | 16) => ({
	protocol: 0,
	firstPort: 0,
	lastPort: 65_535,
	first: new Uint8Array(octets),
	last: new Uint8Array(octets).fill(255),
});
const all = { localSelectors: [everything(4)], remoteSelectors: [everything(4)] };

/** What both ends agree on. */
interface Agreed {
	readonly spi: number;
	readonly cipher: string;
	readonly integrity?: string;
	readonly isExtended?: boolean;
	readonly isInUdp?: boolean;
	readonly maxOctets?: number;
	readonly ends?: readonly [string, string];
}

const told: string[] = [];
const linux = await openLinux();
tell("probe", probeKernel(linux) ?? "can");
const events = {
	wanted: (vpn: string) => told.push(`wanted ${vpn}`),
	wornOut: (spi: number) => told.push(`worn ${spi}`),
	spent: (spi: number) => told.push(`spent ${spi}`),
	told: (note: PlaneNote) => told.push(`told ${note.what}`),
	noted: (notes: readonly { readonly inboundSpi: number }[]) =>
		told.push(...notes.map((one) => `noted ${one.inboundSpi}`)),
};
const plane = openKernelPlane(linux, events);
await plane.addUnit("st0.0", 4);
await ip("link set st0.0 mtu 1400 up");
await ip("route add 10.2.0.0/24 dev st0.0 src 10.1.0.1");
plane.configure([{ name: "v", unit: "st0.0", dfBit: "clear", selectors: all }], 0);

tell("lost", await lost(1));
await sleep(300);
// The wish was for a packet that is lost; the next one wishes again as nothing came of it.
await sleep(600);
await lost(1);
await sleep(300);
tell("wishes", told.splice(0));

await ip(
	"-n b xfrm policy add src 10.2.0.0/24 dst 10.1.0.0/24 dir out tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel",
);
await ip(
	"-n b xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir in tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel",
);
const suites: readonly (readonly [string, string?])[] = [
	["des-cbc", "hmac-md5-96"],
	["3des-cbc", "hmac-sha1-96"],
	["aes-128-cbc", "hmac-sha-256-128"],
	["aes-192-cbc", "hmac-sha-384"],
	["aes-256-cbc", "hmac-sha-512"],
	["aes-128-gcm"],
	["aes-256-gcm"],
	["chacha20-poly1305"],
];
for (const [index, [cipher, integrity]] of suites.entries()) {
	const one = { spi: 0x1000 + index, cipher, ...(integrity && { integrity }) };
	await peerIn(one);
	plane.install(ours(one));
	await peerOut(one);
	tell(`suite ${cipher} ${integrity ?? ""}`.trim(), await lost(2));
	plane.remove(one.spi);
	await peerForget(one);
}
const first = { spi: 0x2000, cipher: "aes-128-gcm", isExtended: true };
await peerIn(first);
plane.install(ours(first));
await peerOut(first);
tell("extended", [await lost(2), /flag.* esn/.test(await ip("xfrm state"))]);

const going = pingAll(40);
await sleep(500);
const second = { ...first, spi: 0x2100 };
await peerIn(second);
plane.install(ours(second));
await peerOut(second);
await sleep(600);
plane.remove(first.spi);
await peerForget(first);
tell("new keys under traffic", await going);
await sleep(600);
const report = await plane.report();
tell("counters", [
	(report.vpns.get("v")?.encryptedPackets ?? 0) > 50,
	report.associations.map((one) => one.inboundSpi),
	told.some((line) => line === `noted ${second.spi}`),
]);

const limited = { spi: 0x2200, cipher: "aes-256-gcm", maxOctets: 1_000 };
await peerIn(limited);
plane.install(ours(limited));
await peerOut(limited);
told.splice(0);
await lost(9);
await lost(9);
await sleep(300);
tell("limits", told.filter((line) => !line.startsWith("noted")).slice(0, 2));
plane.remove(limited.spi);
await peerForget(limited);
plane.remove(second.spi);
await peerForget(second);

const socket = createSocket("udp4");
socket.bind(4_500, own);
await once(socket, "listening");
const descriptor = descriptorOf(socket);
await plane.attach(address(own), descriptor);
const heard: string[] = [];
socket.on("message", (message) => heard.push(message.toString("latin1")));
const inUdp = { spi: 0x2300, cipher: "aes-128-gcm", isInUdp: true };
const encapsulating = await peerSocket();
await peerIn(inUdp);
plane.install(ours(inUdp));
await peerOut(inUdp);
tell("in UDP", await lost(3));
encapsulating.stdin?.write("send\n");
await sleep(300);
tell("IKE beside it", heard);

await ip("-n b address add 192.0.2.3/24 dev vb");
plane.move(inUdp.spi, { ...pathOf(inUdp), remote: { address: address("192.0.2.3"), port: 4_500 } });
tell("moved", [
	/remote 192\.0\.2\.3/.test(await ip("-d link show st0.0")),
	/src 192\.0\.2\.1 dst 192\.0\.2\.3[\s\S]*oseq 0x40[0-9a-f]/.test(await ip("xfrm state")),
	told.filter((line) => line.startsWith("told")),
]);
encapsulating.kill();
socket.close();
plane.detach(address(own));
plane.remove(inUdp.spi);

await plane.addUnit("st0.6", 6);
await ip("link set st0.6 mtu 1400 up");
tell("IPv6 outside", /vti6 remote 100::1:0?6|vti6/.test(await ip("-d link show st0.6")));

await ip(
	"xfrm state add src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x99 reqid 9 mode tunnel auth hmac(sha1) 0x0102030405060708090a0b0c0d0e0f1011121314 enc cbc(aes) 0x01020304050607080102030405060708",
);
plane.install(ours({ spi: 0x2400, cipher: "aes-128-gcm" }));
const count = clearKernelLeftovers(linux);
tell("left by a killed process", [
	count,
	await states(),
	(await ip("xfrm policy")).includes("0x5a13"),
	/st0/.test(await ip("-br link")),
]);

const next = openKernelPlane(linux, events);
await next.addUnit("st0.0", 4);
next.configure([{ name: "v", unit: "st0.0", dfBit: "copy", selectors: all }], 0);
next.install(ours({ spi: 0x2500, cipher: "aes-128-cbc", integrity: "hmac-sha1-96" }));
const meanwhile = await states();
await next.close();
tell("closed", [meanwhile, await states(), await ip("xfrm policy"), /st0/.test(await ip("-br link"))]);
process.exit();

function ours({ spi, cipher, integrity, isExtended = false, maxOctets, ...more }: Agreed): PlaneAssociation {
	return {
		vpn: "v",
		inboundSpi: spi,
		outboundSpi: spi + 1,
		algorithms: {
			cipher: cipherNamed(cipher),
			...(integrity && { integrity: integrityNamed(integrity) }),
			hasExtendedSequenceNumbers: isExtended,
		},
		inboundKeys: keysOf(cipher, integrity, 1),
		outboundKeys: keysOf(cipher, integrity, 2),
		path: pathOf({ spi, cipher, ...more }),
		replayWindow: 64,
		lifetime: 60_000,
		...(maxOctets && { maxOctets }),
		...all,
	};
}

function pathOf({ isInUdp = false }: Agreed): EspPath {
	const port = isInUdp ? 4_500 : 500;
	return { local: { address: address(own), port }, remote: { address: address(peer), port }, isEncapsulated: isInUdp };
}

function keysOf(cipherName: string, integrity: string | undefined, octet: number) {
	const { keyOctets, saltOctets } = cipherNamed(cipherName);
	return {
		// Parts of keys of 3DES that are alike are refused.
		encryption: Uint8Array.from({ length: keyOctets + saltOctets }, (_, index) => octet * 16 + index),
		integrity: new Uint8Array(integrity === undefined ? 0 : integrityNamed(integrity).keyOctets).fill(octet),
	};
}

async function peerIn(one: Agreed): Promise<void> {
	await peerState(one, own, peer, one.spi + 1, 2);
}

async function peerOut(one: Agreed): Promise<void> {
	await peerState(one, peer, own, one.spi, 1);
}

async function peerState(
	{ cipher, integrity, isExtended, isInUdp }: Agreed,
	from: string,
	to: string,
	spi: number,
	octet: number,
) {
	const keys = keysOf(cipher, integrity, octet);
	const hex = (octets: Uint8Array) => `0x${Buffer.from(octets).toString("hex")}`;
	const names: Readonly<Record<string, string>> = { "des-cbc": "cbc(des)", "3des-cbc": "cbc(des3_ede)" };
	const row = integrity === undefined ? undefined : integrityNamed(integrity);
	const algorithms =
		row === undefined
			? [
					"aead",
					cipher.startsWith("chacha") ? "rfc7539esp(chacha20,poly1305)" : "rfc4106(gcm(aes))",
					hex(keys.encryption),
					"128",
				]
			: [
					...["auth-trunc", `hmac(${row.hash})`, hex(keys.integrity), String(row.tagOctets * 8)],
					...["enc", names[cipher] ?? "cbc(aes)", hex(keys.encryption)],
				];
	const more = [
		...(isExtended ? ["replay-window", "64", "flag", "esn"] : ["replay-window", "32"]),
		...(isInUdp ? ["encap", "espinudp", "4500", "4500", "0.0.0.0"] : []),
	];
	const ends = ["src", from, "dst", to, "proto", "esp", "spi", String(spi), "reqid", "1", "mode", "tunnel"];
	const complaint = await ip(["-n b xfrm state add", ...ends, ...algorithms, ...more].join(" "));
	if (complaint !== "") tell("peer", complaint);
}

async function peerForget({ spi }: Agreed): Promise<void> {
	await ip(`-n b xfrm state delete src ${own} dst ${peer} proto esp spi ${spi + 1}`);
	await ip(`-n b xfrm state delete src ${peer} dst ${own} proto esp spi ${spi}`);
}

/** How many of so many echoes do not come back. */
async function lost(count: number): Promise<number> {
	const words = await run(`ping -c ${count} -i 0.05 -W 1 10.2.0.1`);
	return count - Number(/(\d+) received/.exec(words)?.[1] ?? 0);
}

async function pingAll(count: number): Promise<string> {
	const child = spawn("ping", ["-c", String(count), "-i", "0.05", "-W", "2", "10.2.0.1"]);
	let words = "";
	child.stdout.on("data", (chunk: Buffer) => {
		words += chunk;
	});
	await once(child, "close");
	return /\d+ packets transmitted, \d+ received/.exec(words)?.[0] ?? words;
}

/** A socket at port 4500 of the peer, from which its kernel takes ESP; it sends a message of IKE when told to. */
async function peerSocket(): Promise<ChildProcess> {
	const program = `
		const { openLinux } = await import("#base/linux-shell.ts");
		const { createSocket } = await import("node:dgram");
		const { descriptorOf } = await import("#ike/socket-shell.ts");
		const linux = await openLinux();
		const socket = createSocket("udp4");
		socket.bind(4500, "192.0.2.2", () => { linux.takeEspInUdp(descriptorOf(socket), true); console.log("up"); });
		process.stdin.on("data", () => socket.send(Buffer.from("\\0\\0\\0\\0a message"), 4500, "192.0.2.1"));`;
	const words = [
		"netns",
		"exec",
		"b",
		process.execPath,
		"--disable-warning=ExperimentalWarning",
		"--input-type=module",
		"-e",
		program,
	];
	const child = spawn("ip", words, { stdio: ["pipe", "pipe", "inherit"] });
	await once(child.stdout, "data");
	return child;
}

/** SPIs in this kernel. */
async function states(): Promise<readonly string[]> {
	return [...(await ip("xfrm state")).matchAll(/spi 0x([0-9a-f]+)/g)].map(([, spi]) => spi ?? "").toSorted();
}

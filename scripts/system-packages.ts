/**
 * The Debian packages whose programs the tests and benchmarks use as peers, and what each is for.
 *
 * Used as a program: `npm run packages [interop|bench ...]` installs what is missing when it is root on Debian, and
 * otherwise says what is missing. Exit status 1 when something stays missing.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export type PackageGroup = "interop" | "bench";

/** One Debian package. It is there when each of `brings` (a command's name, or an absolute file) is there. */
export interface SystemPackage {
	readonly name: string;
	readonly groups: readonly PackageGroup[];
	readonly brings: readonly string[];
	/** Where Debian has it, by the names of Node; everywhere when absent. */
	readonly architectures?: readonly string[];
	/** It cannot be installed beside another one: its files lie in `unpackedRoot`, and nothing of the system changes. */
	readonly isUnpacked?: boolean;
	readonly purpose: string;
}

/** The packages of a group that are not there. A program counts wherever it came from: an own build of curl will do. */
export function missingPackages(group: PackageGroup): SystemPackage[] {
	return systemPackages.filter((one) => one.groups.includes(group) && !isPresent(one));
}

/** The package that brings a command; undefined when no row of the table does. */
export function packageOf(command: string): SystemPackage | undefined {
	return systemPackages.find((one) => one.brings.includes(command));
}

/**
 * The absolute path of a command on PATH or in the system's sbin folders; undefined when there is none. An absolute path
 * is itself, where there is such a file.
 */
export function findCommand(command: string): string | undefined {
	if (command.startsWith("/")) return existsSync(command) ? command : undefined;
	for (const folder of [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"]) {
		if (folder === "") continue;
		const path = join(folder, command);
		try {
			accessSync(path, constants.X_OK);
			return path;
		} catch {
			// Not in this folder; the next one may have it.
		}
	}
	return undefined;
}

/**
 * Installs the missing packages of the groups when this is root on Debian. Services that a package brings are not
 * started. Says on standard error what it does; returns what is missing afterwards.
 */
export function ensurePackages(groups: readonly PackageGroup[]): SystemPackage[] {
	const missing = missingOf(groups);
	if (missing.length === 0) return [];
	const names = missing.filter((one) => one.isUnpacked !== true).map((one) => one.name);
	const unpacked = missing.filter((one) => one.isUnpacked === true).map((one) => one.name);
	if (process.getuid?.() !== 0 || findCommand("apt-get") === undefined) {
		say(`missing: ${names.join(" ")}; install with: apt-get install --no-install-recommends ${names.join(" ")}`);
		return missing;
	}
	say(`installing ${[...names, ...unpacked].join(" ")} ...`);
	withoutServiceStart(() => {
		if (!aptGet(["update", "-qq"])) return;
		if (names.length > 0) aptGet(["install", "-y", "-qq", "--no-install-recommends", ...names]);
		for (const name of unpacked) unpack(name);
	});
	const still = missingOf(groups);
	if (still.length > 0) say(`still missing: ${still.map((one) => one.name).join(" ")}`);
	return still;
}

/** Where packages lie that are not installed. */
const unpackedRoot = "/opt/sallyport-peers";

/** The daemon of libreswan; its other programs are beside it. */
export const libreswanDaemon = join(unpackedRoot, "libreswan/usr/libexec/ipsec/pluto");

export const systemPackages: readonly SystemPackage[] = [
	{
		name: "curl",
		groups: ["interop", "bench"],
		brings: ["curl"],
		purpose: "client: CONNECT, HTTP/1.1, HTTP/2, TLS of OpenSSL",
	},
	{
		name: "openssl",
		groups: ["interop", "bench"],
		brings: ["openssl"],
		purpose: "oracle for certificates, s_client and s_server as TLS peers",
	},
	{
		name: "nginx-light",
		groups: ["interop", "bench"],
		brings: ["nginx"],
		purpose: "origin server over HTTPS, HTTP/1.1 and HTTP/2",
	},
	{
		name: "apache2-bin",
		groups: ["interop"],
		brings: ["apache2"],
		purpose: "origin server: another reader of requests",
	},
	{
		name: "nghttp2-client",
		groups: ["interop", "bench"],
		brings: ["nghttp", "h2load"],
		purpose: "client: HTTP/2 frames, many streams",
	},
	{
		name: "nghttp2-proxy",
		groups: ["bench"],
		brings: ["nghttpx"],
		purpose: "proxy of HTTP/2 to compare with",
	},
	{
		name: "nghttp2-server",
		groups: ["interop"],
		brings: ["nghttpd"],
		purpose: "origin server over HTTP/2 of another maker",
	},
	{
		name: "python3-websockets",
		groups: ["interop"],
		brings: ["/usr/bin/python3", "/usr/lib/python3/dist-packages/websockets/__init__.py"],
		purpose: "client and server of WebSockets, with compression and fragments",
	},
	{
		name: "python3-grpcio",
		groups: ["interop"],
		brings: ["/usr/lib/python3/dist-packages/grpc/__init__.py"],
		purpose: "client and server of gRPC over HTTP/2",
	},
	{
		name: "gnutls-bin",
		groups: ["interop"],
		brings: ["gnutls-cli", "gnutls-serv", "certtool"],
		purpose: "TLS peers and certificate oracle that are not OpenSSL",
	},
	{
		name: "chromium",
		groups: ["interop"],
		brings: ["chromium"],
		purpose: "browser: post-quantum ClientHello, BoringSSL, certificate rules of the web",
	},
	{
		name: "libnss3-tools",
		groups: ["interop"],
		brings: ["certutil", "pk12util"],
		purpose: "puts the gateway's CA into the database that Chromium reads; PKCS#12 files of another maker",
	},
	{
		name: "firefox-esr",
		groups: ["interop"],
		brings: ["firefox-esr"],
		purpose: "browser: NSS, policies.json, a trust store of its own",
	},
	{ name: "git", groups: ["interop"], brings: ["git"], purpose: "client: clones through the gateway" },
	{ name: "python3", groups: ["interop"], brings: ["python3"], purpose: "client: ssl; reads property lists" },
	{
		name: "python3-requests",
		groups: ["interop"],
		brings: ["/usr/lib/python3/dist-packages/requests"],
		purpose: "client: takes its CAs from a bundle of its own",
	},
	{
		name: "ca-certificates",
		groups: ["interop"],
		brings: ["/etc/ssl/certs/ca-certificates.crt"],
		purpose: "the public CAs, to which steps add the gateway's",
	},
	{
		name: "python3-cryptography-vectors",
		groups: ["interop"],
		brings: ["/usr/lib/python3/dist-packages/cryptography_vectors"],
		purpose: "PKITS certificates and other X.509 vectors",
	},
	{ name: "nftables", groups: ["interop"], brings: ["nft"], purpose: "the packet filter" },
	{
		name: "util-linux",
		groups: ["interop", "bench"],
		brings: ["unshare", "nsenter", "setpriv"],
		purpose: "network namespaces, so that nothing of the host is touched; programs without privileges",
	},
	{
		name: "charon-systemd",
		groups: ["interop", "bench"],
		brings: ["charon-systemd"],
		purpose: "strongSwan: peer for IKE and ESP, the latter in user space",
	},
	{
		name: "strongswan-swanctl",
		groups: ["interop", "bench"],
		brings: ["swanctl"],
		purpose: "strongSwan: tells its daemon what to do",
	},
	{
		name: "libcharon-extra-plugins",
		groups: ["interop", "bench"],
		brings: [
			"/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so",
			"/usr/lib/ipsec/plugins/libstrongswan-eap-tls.so",
		],
		purpose: "strongSwan: ESP in user space, users with certificates by EAP",
	},
	{
		name: "libcharon-extauth-plugins",
		groups: ["interop"],
		brings: ["/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so"],
		purpose: "strongSwan: users with passwords by EAP",
	},
	{
		name: "libstrongswan-standard-plugins",
		groups: ["interop", "bench"],
		brings: ["/usr/lib/ipsec/plugins/libstrongswan-openssl.so"],
		purpose: "strongSwan: elliptic curves, AES-GCM",
	},
	{
		name: "iproute2",
		groups: ["interop", "bench"],
		brings: ["ip"],
		purpose: "virtual interfaces and addresses within a network namespace",
	},
	{
		name: "user-mode-linux",
		groups: ["interop"],
		architectures: ["x64"],
		brings: ["linux.uml"],
		purpose: "a kernel with ESP for tests, whatever that of the host can do",
	},
	{
		name: "libreswan",
		groups: ["interop"],
		architectures: ["x64"],
		brings: [libreswanDaemon],
		isUnpacked: true,
		purpose: "peer for IKE and ESP in that kernel; conflicts with strongSwan as a package",
	},
	...librariesOfLibreswan(),
	{
		name: "openiked",
		groups: ["interop"],
		architectures: ["x64"],
		brings: ["iked"],
		purpose: "peer for IKE and ESP in that kernel",
	},
	{ name: "kmod", groups: ["interop"], brings: ["modprobe"], purpose: "loads the modules of that kernel" },
	{
		name: "tshark",
		groups: ["interop"],
		brings: ["tshark", "dumpcap"],
		purpose: "reads what was captured of IKE with the keys that the gateway wrote",
	},
	{ name: "iperf3", groups: ["bench"], brings: ["iperf3"], purpose: "load: one flow of TCP through a tunnel" },
	{ name: "iputils-ping", groups: ["interop", "bench"], brings: ["ping"], purpose: "echoes through tunnels" },
	{ name: "tmux", groups: ["interop"], brings: ["tmux"], purpose: "terminal: keys in, screen out" },
	{
		name: "bsdutils",
		groups: ["interop"],
		brings: ["script"],
		purpose: "terminal in which the examples of the guide run",
	},
	{
		name: "dovecot-imapd",
		groups: ["interop"],
		brings: ["dovecot", "/usr/lib/dovecot/imap"],
		purpose: "server: IMAP with STARTTLS",
	},
	{
		name: "dovecot-pop3d",
		groups: ["interop"],
		brings: ["/usr/lib/dovecot/pop3", "/usr/lib/dovecot/pop3-login"],
		purpose: "server: POP3 with STLS",
	},
	{ name: "postfix", groups: ["interop"], brings: ["postfix"], purpose: "server: SMTP with STARTTLS" },
	{
		name: "squid-openssl",
		groups: ["bench"],
		brings: ["squid"],
		purpose: "peer: ssl_bump with generated certificates",
	},
	{ name: "mitmproxy", groups: ["bench"], brings: ["mitmdump"], purpose: "peer: intercepting proxy in Python" },
	{ name: "faketime", groups: ["bench"], brings: ["faketime"], purpose: "programs under the clock of another day" },
	{
		name: "redis-server",
		groups: ["interop"],
		brings: ["redis-server"],
		purpose: "server without TLS behind the tunnel of two gateways",
	},
	{
		name: "redis-tools",
		groups: ["interop"],
		brings: ["redis-cli", "redis-benchmark"],
		purpose: "client without TLS in front of the tunnel",
	},
	{
		name: "haproxy",
		groups: ["interop", "bench"],
		brings: ["haproxy"],
		purpose: "peer: TLS bridge without forged certificates; writes and reads PROXY headers",
	},
];

function librariesOfLibreswan(): readonly SystemPackage[] {
	const libraries = {
		libaudit1: "libaudit.so.1",
		"libcap-ng0": "libcap-ng.so.0",
		"libcurl3-nss": "libcurl-nss.so.4",
		"libevent-core-2.1-7": "libevent_core-2.1.so.7",
		"libevent-pthreads-2.1-7": "libevent_pthreads-2.1.so.7",
		"libldap-2.5-0": "libldap-2.5.so.0",
		libldns3: "libldns.so.3",
		libunbound8: "libunbound.so.8",
	};
	return Object.entries(libraries).map(([name, file]) => ({
		name,
		groups: ["interop"],
		architectures: ["x64"],
		brings: [`/usr/lib/x86_64-linux-gnu/${file}`],
		purpose: "library of libreswan",
	}));
}

function missingOf(groups: readonly PackageGroup[]): SystemPackage[] {
	return [...new Set(groups.flatMap(missingPackages))];
}

function isPresent(one: SystemPackage): boolean {
	if (one.architectures?.includes(arch()) === false) return true;
	return one.brings.every((thing) => findCommand(thing) !== undefined);
}

function aptGet(args: readonly string[], cwd = process.cwd()): boolean {
	const done = spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::http::Timeout=20", ...args], {
		cwd,
		env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
		stdio: ["ignore", "ignore", "inherit"],
		timeout: 900_000,
	});
	if (done.status === 0) return true;
	say(`apt-get ${args[0]} did not succeed (${done.error?.message ?? `exit status ${done.status}`})`);
	return false;
}

function unpack(name: string): void {
	const folder = mkdtempSync(join(tmpdir(), "packages-"));
	if (aptGet(["download", "-qq", name], folder)) {
		const root = join(unpackedRoot, name);
		mkdirSync(root, { recursive: true });
		for (const file of readdirSync(folder))
			spawnSync("dpkg", ["-x", join(folder, file), root], { stdio: ["ignore", "ignore", "inherit"] });
	}
	rmSync(folder, { recursive: true, force: true });
}

/** invoke-rc.d asks policy-rc.d before it starts a service; status 101 says "not allowed" (Debian Policy §9.3.3). */
function withoutServiceStart(install: () => void): void {
	const isOurs = !existsSync(policyFile);
	if (isOurs) writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
	try {
		install();
	} finally {
		if (isOurs) rmSync(policyFile, { force: true });
	}
}

function say(text: string): void {
	process.stderr.write(`system packages: ${text}\n`);
}

const policyFile = "/usr/sbin/policy-rc.d";
const groupNames: readonly PackageGroup[] = ["interop", "bench"];

if (import.meta.main) {
	const wanted = process.argv.slice(2);
	const unknown = wanted.filter((name) => !groupNames.some((group) => group === name));
	if (unknown.length > 0) {
		say(`no group ${unknown.join(" ")}; expected: ${groupNames.join(", ")}`);
		process.exitCode = 1;
	} else {
		const groups = wanted.length === 0 ? groupNames : groupNames.filter((group) => wanted.includes(group));
		const missing = ensurePackages(groups);
		for (const one of systemPackages.filter((row) => row.groups.some((group) => groups.includes(group)))) {
			console.log(`${missing.includes(one) ? "missing" : "present"}  ${one.name.padEnd(30)}${one.purpose}`);
		}
		process.exitCode = missing.length === 0 ? 0 : 1;
	}
}

/**
 * The engine of IKE against strongSwan, alone in a network namespace: `unshare -n node ike-engine-child.ts FOLDER OPTIONS`.
 * Takes commands over IPC and answers each: events for the engine, words for swanctl, questions about what stands.
 */
import {
	createHash,
	createPrivateKey,
	createPublicKey,
	createSecretKey,
	randomBytes,
	X509Certificate,
} from "node:crypto";
import { connect } from "node:net";
import { parsePrefix } from "#base/address.ts";
import { openLinux } from "#base/linux-shell.ts";
import { newCounters, type PlaneCounters } from "#esp/data-plane.ts";
import { UserSpacePlane } from "#esp/user-space-plane-shell.ts";
import { textIdentity } from "#ike/auth/identity.ts";
import { peerJudge } from "#ike/auth/judge-peer.ts";
import { signWith } from "#ike/auth/signature.ts";
import { compileConnections } from "#ike/compile-connections.ts";
import { espProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import { Endpoint } from "#ike/endpoint.ts";
import { EngineShell } from "#ike/socket-shell.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { ChildAssociation, EngineEvent } from "#ike/v2/engine-event.ts";
import { prefixSelector } from "#ike/v2/narrow-selectors.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { configOf } from "./config-text.ts";
import { addressOf } from "./ike-network.ts";
import {
	configureTunnelDevice,
	ownAddress,
	ownHost,
	peerAddress,
	peerHost,
	Strongswan,
	type SwanCredentials,
} from "./strongswan.ts";

/** What a run is about. */
export interface EngineOptions {
	/** Text of `swanctl.conf`. */
	readonly swanctl: string;
	/** Cipher, hash, group; in the words of the configuration. */
	readonly ike: readonly (readonly [string, string, string])[];
	/** Cipher, integrity, group. */
	readonly esp: readonly (readonly [string, string | null, string | null])[];
	/** Absent: a pre-shared key. */
	readonly certificates?: { readonly own: SwanCredentials; readonly peer: SwanCredentials };
	readonly livenessInterval?: number;
	/** Statements, in the place of all above but `swanctl`; the gateway is called `swan` and the VPN `lan`. */
	readonly configuration?: string;
}

export type EngineCommand =
	| { readonly type: "event"; readonly event: EngineEvent }
	| { readonly type: "swanctl"; readonly words: readonly string[] }
	/** Sends so many octets over TCP through the tunnel to a server that sends them back; gives how many came back right. */
	| { readonly type: "echo"; readonly octets: number }
	| { readonly type: "state" };

/** What stands. */
export interface EngineState {
	readonly children: readonly {
		readonly inboundSpi: number;
		readonly outboundSpi: number;
		readonly isEncapsulated: boolean;
	}[];
	readonly reports: readonly string[];
	readonly phases: readonly string[];
	readonly counters: PlaneCounters;
}

const echoPort = 7_000;
const echoProgram = `require("net").createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket))
	.listen(${echoPort}, "${peerHost}", () => console.log("up"))`;
const [folder = "", text = ""] = process.argv.slice(2);
const options = JSON.parse(text) as EngineOptions;
const installed = new Map<number, ChildAssociation>();
const reports: string[] = [];
const peer = await Strongswan.start(folder, options.swanctl, options.certificates?.peer);
const endpoint = new Endpoint(connectionsOf(options), defaultSettings, randomBytes);
const shell = await EngineShell.open(
	endpoint,
	{ address: addressOf(ownAddress), port: 500, natPort: 4_500 },
	{
		sign: async (_connection, scheme, octets) =>
			signWith(scheme, createPrivateKey(options.certificates?.own.key ?? ""), octets),
		installChild(association) {
			const { inboundSpi, path, isEncapsulated } = association;
			installed.set(inboundSpi, association);
			plane.install({ ...association, vpn: "lan", path: { ...path, isEncapsulated }, replayWindow: 64 });
		},
		removeChild(inboundSpi) {
			installed.delete(inboundSpi);
			plane.remove(inboundSpi);
		},
		moveChild: (inboundSpi, path) => plane.move(inboundSpi, { ...path, isEncapsulated: true }),
		receiveEsp: () => undefined,
		report: (what, _connection, words) => reports.push(`${what}: ${words}`),
	},
);

const plane = new UserSpacePlane(await openLinux(), {
	wanted: () => shell.give({ type: "tunnel-wanted", connection: "swan", child: "lan" }),
	wornOut: (inboundSpi) => shell.give({ type: "child-worn-out", inboundSpi }),
	spent: (inboundSpi) => shell.give({ type: "child-close-wanted", inboundSpi }),
	noted(notes) {
		for (const note of notes) shell.give({ type: "traffic-noted", ...note });
	},
	told: (note) => reports.push(JSON.stringify(note)),
});
await plane.addUnit("st0");
const selectors = { localSelectors: [selector("10.1.0.0/24")], remoteSelectors: [selector("10.2.0.0/24")] };
plane.configure([{ name: "lan", unit: "st0", dfBit: "clear", selectors }], 1_320);
const local = addressOf(ownAddress);
await plane.attach(local, shell.descriptorAt({ address: local, port: 4_500 }));
configureTunnelDevice("st0");
const server = peer.startBeside(process.execPath, "-e", echoProgram);
await new Promise((resolve) => server.stdout?.once("data", resolve));
process.on("message", async ({ id, command }: { readonly id: number; readonly command: EngineCommand }) => {
	process.send?.({ id, answer: await answer(command) });
});
process.on("disconnect", () => process.exit());
process.send?.({ id: 0, answer: "ready" });

async function echo(octets: number): Promise<number> {
	const sent = randomBytes(octets);
	const socket = connect({ host: peerHost, port: echoPort, localAddress: ownHost });
	socket.setTimeout(10_000, () => socket.destroy(new Error("silence")));
	socket.on("error", () => {});
	socket.end(sent);
	const back: Buffer[] = [];
	try {
		for await (const chunk of socket) back.push(chunk as Buffer);
	} catch {
		return 0;
	}
	return Buffer.concat(back).equals(sent) ? octets : 0;
}

async function answer(command: EngineCommand): Promise<unknown> {
	if (command.type === "event") return shell.give(command.event);
	if (command.type === "echo") return echo(command.octets);
	if (command.type === "swanctl") return peer.control(...command.words);
	const state: EngineState & { readonly log: string } = {
		children: [...installed.values()].map(({ inboundSpi, outboundSpi, isEncapsulated }) => ({
			inboundSpi,
			outboundSpi,
			isEncapsulated,
		})),
		reports,
		phases: endpoint.describe().map(({ phase }) => phase),
		counters: (await plane.report()).vpns.get("lan") ?? newCounters(),
		log: peer.log().split("\n").slice(-60).join("\n"),
	};
	return state;
}

function connectionsOf(all: EngineOptions): readonly Connection[] {
	if (all.configuration === undefined) return [connectionOf(all)];
	const { security } = configOf(all.configuration);
	const { connections, gaps } = compileConnections(security.ike, security.ipsec, {
		addressOf: () => addressOf(ownAddress),
		resolve: (host) => [addressOf(host)],
		ownCertificate: () => undefined,
		trustOf: () => undefined,
		usersOf: () => new Map(),
	});
	if (gaps.length > 0) throw new Error(JSON.stringify(gaps));
	return connections;
}

function connectionOf({ ike, esp, certificates, livenessInterval }: EngineOptions): Connection {
	const key = createSecretKey(Buffer.from("test-psk"));
	return {
		name: "swan",
		local: addressOf(ownAddress),
		remote: [addressOf(peerAddress)],
		localIdentity: textIdentity("own.example"),
		remoteIdentity: { kind: "exactly", identity: textIdentity("peer.example") },
		localAuthentication: certificates === undefined ? { kind: "shared-key", key } : own(certificates.own),
		remoteAuthentication:
			certificates === undefined ? { kind: "shared-key", key } : trusted(certificates.own.authority),
		proposals: ike.map(([cipher, hash, group]) => ikeProposal(cipher, hash, group)),
		lifetime: 28_800_000,
		children: [
			{
				name: "lan",
				localSelectors: [selector("10.1.0.0/24")],
				remoteSelectors: [selector("10.2.0.0/24")],
				proposals: esp.map(([cipher, integrity, group]) =>
					espProposal(cipher, integrity ?? undefined, group ?? undefined),
				),
				lifetime: 3_600_000,
			},
		],
		startsImmediately: false,
		...(livenessInterval && { liveness: { interval: livenessInterval, mode: "always", threshold: 5 } as const }),
		hasNatTraversal: true,
		natKeepalive: 5_000,
	};
}

function own({ certificate }: SwanCredentials): Connection["localAuthentication"] {
	const der = new X509Certificate(certificate).raw;
	return { kind: "certificate", certificates: [der], publicKey: createPublicKey(certificate) };
}

function trusted(authority: string): Connection["remoteAuthentication"] {
	const decoded = decodeCertificate(new X509Certificate(authority).raw);
	if (decoded.kind !== "done") throw new Error("the authority cannot be read");
	const authorities = createHash("sha1").update(decoded.value.publicKey.raw).digest();
	return { kind: "certificate", judge: peerJudge(new TrustAnchors([decoded.value])), authorities };
}

function selector(text: string) {
	const prefix = parsePrefix(text);
	if (prefix === undefined) throw new Error(`no prefix: ${text}`);
	return prefixSelector(prefix);
}

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
import { parsePrefix } from "#base/address.ts";
import { textIdentity } from "#ike/auth/identity.ts";
import { peerJudge } from "#ike/auth/judge-peer.ts";
import { signWith } from "#ike/auth/signature.ts";
import { espProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import { Endpoint } from "#ike/endpoint.ts";
import { EngineShell } from "#ike/socket-shell.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { ChildAssociation, EngineEvent } from "#ike/v2/engine-event.ts";
import { prefixSelector } from "#ike/v2/narrow-selectors.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { EchoPlane } from "./echo-plane.ts";
import { addressOf } from "./ike-network.ts";
import { ownAddress, ownHost, peerAddress, peerHost, Strongswan, type SwanCredentials } from "./strongswan.ts";

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
}

export type EngineCommand =
	| { readonly type: "event"; readonly event: EngineEvent }
	| { readonly type: "swanctl"; readonly words: readonly string[] }
	/** Sends so many echo requests through the newest child and counts the answers. */
	| { readonly type: "ping"; readonly count: number; readonly octets: number }
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
}

const [folder = "", text = ""] = process.argv.slice(2);
const options = JSON.parse(text) as EngineOptions;
const installed = new Map<number, ChildAssociation>();
const reports: string[] = [];
const plane = new EchoPlane(ownHost, peerHost, (packet, path) => shell.sendEsp(packet, path));
const peer = await Strongswan.start(folder, options.swanctl, options.certificates?.peer);
const endpoint = new Endpoint([connectionOf(options)], defaultSettings, randomBytes);
const shell = await EngineShell.open(
	endpoint,
	{ address: addressOf(ownAddress), port: 500, natPort: 4_500 },
	{
		sign: async (_connection, scheme, octets) =>
			signWith(scheme, createPrivateKey(options.certificates?.own.key ?? ""), octets),
		installChild: (association) => installed.set(association.inboundSpi, association),
		removeChild: (inboundSpi) => installed.delete(inboundSpi),
		moveChild: () => {},
		receiveEsp: (packet) => plane.receive(packet),
		report: (what, _connection, words) => reports.push(`${what}: ${words}`),
	},
);

process.on("message", async ({ id, command }: { readonly id: number; readonly command: EngineCommand }) => {
	process.send?.({ id, answer: await answer(command) });
});
process.on("disconnect", () => process.exit());
process.send?.({ id: 0, answer: "ready" });

function answer(command: EngineCommand): unknown {
	if (command.type === "event") return shell.give(command.event);
	if (command.type === "ping") return plane.ping(command.count, command.octets);
	if (command.type === "swanctl") return peer.control(...command.words);
	const state: EngineState & { readonly log: string } = {
		children: [...installed.values()].map(({ inboundSpi, outboundSpi, isEncapsulated }) => ({
			inboundSpi,
			outboundSpi,
			isEncapsulated,
		})),
		reports,
		phases: endpoint.describe().map(({ phase }) => phase),
		log: peer.log().split("\n").slice(-60).join("\n"),
	};
	return state;
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
		...(livenessInterval && { liveness: { interval: livenessInterval, always: true } }),
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

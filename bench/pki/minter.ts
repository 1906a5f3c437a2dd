/** The worker's half of the minting benchmark: plans leaves for servers never seen before and asks the parent to sign them. */
import { SignatureRequests } from "#daemon/signature-requests.ts";
import type { ToWorker } from "#daemon/worker-protocol.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { derElement, derOid, derSequence, derSetOf, derUtf8String } from "#pki/der.ts";
import type { LeafKeyClass } from "#pki/leaf-key-class.ts";
import { assembleCertificate, planLeaf, type SigningCa } from "#pki/mint.ts";
import { LeafMint } from "#proxy/leaf-mint-shell.ts";
import { defaultLeafSettings } from "#proxy/leaf-settings.ts";

/** From the parent. */
export interface MintOrder {
	readonly type: "mint";
	readonly ca: SigningCa;
	readonly keyClass: LeafKeyClass;
	readonly count: number;
	/** Makes the names of this round different from those of every other. */
	readonly round: number;
	/** How many sessions wait for a leaf at a time. */
	readonly atOnce: number;
}

/** To the parent: seconds of the whole, and of this process's main thread. */
export interface MintReport {
	readonly type: "minted";
	readonly wallSeconds: number;
	readonly cpuSeconds: number;
}

const requests = new SignatureRequests((message) => process.send?.(message));
const mint = new LeafMint((request) => requests.sign(request));

process.on("message", (message: ToWorker | MintOrder) => {
	if (message.type === "signed") requests.answered(message.answers);
	else if (message.type === "mint") void run(message);
});
process.on("disconnect", () => process.exit(0));

async function run(order: MintOrder): Promise<void> {
	const origins = Array.from({ length: order.count }, (_, index) => coldServer(order, index));
	// The first RSA key is made once in a worker's day.
	await mint.mint({ origin: origins[0] as Certificate, ...wish(order) }, defaultLeafSettings);
	const before = process.threadCpuUsage();
	const start = performance.now();
	let next = 0;
	const session = async (): Promise<void> => {
		while (next < origins.length) {
			const origin = origins[next++] as Certificate;
			await mint.mint({ origin, ...wish(order) }, defaultLeafSettings);
		}
	};
	await Promise.all(Array.from({ length: order.atOnce }, session));
	const wallSeconds = (performance.now() - start) / 1000;
	const { user, system } = process.threadCpuUsage(before);
	process.send?.({ type: "minted", wallSeconds, cpuSeconds: (user + system) / 1e6 } satisfies MintReport);
}

function wish({ ca, keyClass }: MintOrder) {
	return { signer: ca, keyClass, session: "0123456789abcdef" };
}

/** A server's certificate with three names, as it lies decoded in a worker; nobody has signed it. */
function coldServer({ ca, round }: MintOrder, index: number): Certificate {
	const host = `host-${round}-${index}.cold.example`;
	const subject = derSequence(derSetOf(derSequence(derOid("2.5.4.3"), derUtf8String(host))));
	const names = [host, `www.${host}`, `*.${host}`].map((name) => derElement(0x82, Buffer.from(name, "latin1")));
	const now = Date.now();
	const dates = { notBefore: now - 30 * dayMs, notAfter: now + 60 * dayMs };
	const identity = { subject, subjectAltName: derSequence(...names), hasCrl: true, ...dates };
	const key = { publicKeyInfo: placeholderKey, keyIdentifier: noOctets, keyType: "ec" } as const;
	const rules = { ...defaultLeafSettings, maximumLifetimeMs: 398 * dayMs, now };
	const toBeSigned = planLeaf(identity, ca, key, new Uint8Array(16).fill(7), rules);
	const decoded = decodeCertificate(assembleCertificate(toBeSigned, ca.scheme, noOctets));
	if (decoded.kind !== "done") throw new Error("the pattern of a server cannot be read");
	// What validation has done by then.
	void decoded.value.fingerprint;
	return decoded.value;
}

const dayMs = 86_400_000;
const noOctets = new Uint8Array(20);
/** SubjectPublicKeyInfo of Ed25519 with a key of zeros (RFC 8410 §4). */
const placeholderKey = derSequence(derSequence(derOid("1.3.101.112")), derElement(0x03, new Uint8Array(33)));

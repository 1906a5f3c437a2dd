/** Pairs of endpoints of IKE that authenticate by certificates. */
import { createHash } from "node:crypto";
import { textIdentity } from "#ike/auth/identity.ts";
import { peerJudge } from "#ike/auth/judge-peer.ts";
import type { Connection } from "#ike/v2/connection.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { makePair } from "./ike-network.ts";
import { type KeyName, type Made, makeCertificate } from "./make-certificate.ts";

const root = makeCertificate({ subject: "CN=root", isCa: true });
const authorities = createHash("sha1").update(root.certificate.publicKey.raw).digest();

/** How an end authenticates by a certificate for its name. */
function byCertificate(
	own: string,
	peer: string,
	key: KeyName,
	remote: { readonly asksRevocation?: boolean },
): { readonly made: Made; readonly parts: Partial<Connection> } {
	const made = makeCertificate({ subject: `CN=${own}`, issuer: root, names: [own], key, extendedKeyUsage: [] });
	const parts: Partial<Connection> = {
		localIdentity: textIdentity(own),
		remoteIdentity: { kind: "exactly", identity: textIdentity(peer) },
		localAuthentication: { kind: "certificate", certificates: [made.der], publicKey: made.publicKey },
		remoteAuthentication: {
			kind: "certificate",
			judge: peerJudge(new TrustAnchors([root.certificate])),
			authorities,
			...remote,
		},
	};
	return { made, parts };
}

/** Two endpoints with certificates of one authority; `remote` is added to what each demands of the other. */
export function certified(
	keyA: KeyName = "p256",
	keyB: KeyName = "p256",
	remote: { readonly asksRevocation?: boolean } = {},
) {
	const ofA = byCertificate("a.example", "b.example", keyA, remote);
	const ofB = byCertificate("b.example", "a.example", keyB, remote);
	const pair = makePair({}, { a: ofA.parts, b: ofB.parts });
	pair.network.now = Date.now();
	pair.a.signer = ofA.made.privateKey;
	pair.b.signer = ofB.made.privateKey;
	return pair;
}

/**
 * Connections as they cross from `managed` to `iked`: plain data, without the objects that hold keys. Of certificates the
 * private key stays where it is; a pre-shared key goes along, so what is packed here is as secret as the key.
 */
import { createPublicKey, createSecretKey } from "node:crypto";
import { peerJudge } from "#ike/auth/judge-peer.ts";
import type { CertificateTrust, Connection, LocalAuthentication, RemoteAuthentication } from "#ike/v2/connection.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";

type PackedLocal =
	| { readonly kind: "shared-key"; readonly key: Uint8Array }
	/** `publicKey`: SubjectPublicKeyInfo in DER. */
	| { readonly kind: "certificate"; readonly certificates: readonly Uint8Array[]; readonly publicKey: Uint8Array }
	| Extract<LocalAuthentication, { readonly kind: "eap" }>;

interface PackedTrust {
	readonly anchors: readonly Uint8Array[];
	readonly authorities: Uint8Array;
	readonly asksRevocation: boolean;
}

type PackedRemote =
	| { readonly kind: "shared-key"; readonly key: Uint8Array }
	| ({ readonly kind: "certificate" } & PackedTrust)
	| {
			readonly kind: "eap";
			readonly passwords: ReadonlyMap<string, Uint8Array>;
			readonly certificates?: PackedTrust;
	  };

export type PackedConnection = Omit<Connection, "localAuthentication" | "remoteAuthentication"> & {
	readonly localAuthentication: PackedLocal;
	readonly remoteAuthentication: PackedRemote;
};

export function packConnection(connection: Connection): PackedConnection {
	const { localAuthentication, remoteAuthentication, ...rest } = connection;
	return {
		...rest,
		localAuthentication: packLocal(localAuthentication),
		remoteAuthentication: packRemote(remoteAuthentication),
	};
}

export function unpackConnection(packed: PackedConnection): Connection {
	const { localAuthentication: local, remoteAuthentication: remote, ...rest } = packed;
	return { ...rest, localAuthentication: unpackLocal(local), remoteAuthentication: unpackRemote(remote) };
}

function unpackLocal(local: PackedLocal): LocalAuthentication {
	if (local.kind === "eap") return local;
	if (local.kind === "shared-key") return { kind: "shared-key", key: createSecretKey(local.key) };
	return { ...local, publicKey: createPublicKey({ key: Buffer.from(local.publicKey), format: "der", type: "spki" }) };
}

function unpackRemote(remote: PackedRemote): RemoteAuthentication {
	if (remote.kind === "shared-key") return { kind: "shared-key", key: createSecretKey(remote.key) };
	if (remote.kind === "eap") {
		const { passwords, certificates } = remote;
		return { kind: "eap", passwords, ...(certificates && { certificates: unpackTrust(certificates) }) };
	}
	return { kind: "certificate", ...unpackTrust(remote) };
}

function packLocal(local: LocalAuthentication): PackedLocal {
	if (local.kind === "eap") return local;
	if (local.kind === "shared-key") return { kind: "shared-key", key: octetsOf(local.key.export()) };
	const publicKey = octetsOf(local.publicKey.export({ format: "der", type: "spki" }));
	return { kind: "certificate", certificates: local.certificates, publicKey };
}

function packRemote(remote: RemoteAuthentication): PackedRemote {
	if (remote.kind === "shared-key") return { kind: "shared-key", key: octetsOf(remote.key.export()) };
	if (remote.kind === "eap") {
		const { passwords, certificates } = remote;
		return { kind: "eap", passwords, ...(certificates && { certificates: packTrust(certificates) }) };
	}
	return { kind: "certificate", ...packTrust(remote) };
}

function packTrust({ anchors = [], authorities, asksRevocation = false }: CertificateTrust): PackedTrust {
	return { anchors, authorities, asksRevocation };
}

function unpackTrust({ anchors, authorities, asksRevocation }: PackedTrust): CertificateTrust {
	return { anchors, authorities, asksRevocation, judge: peerJudge(anchorsOf(anchors)) };
}

/** An authority that cannot be read vouches for nobody. */
function anchorsOf(ders: readonly Uint8Array[]): TrustAnchors {
	return new TrustAnchors(
		ders.flatMap((der) => {
			const decoded = decodeCertificate(der);
			return decoded.kind === "done" ? [decoded.value] : [];
		}),
	);
}

function octetsOf(buffer: Buffer): Uint8Array {
	return Uint8Array.from(buffer);
}

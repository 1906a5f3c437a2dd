/** What stands, for an operator: associations of IKE and their children, as plain data. */
import { formatAddress } from "#base/address.ts";
import { identityText } from "#ike/auth/identity.ts";
import type { Connection, Path } from "#ike/v2/connection.ts";
import type { IkeSa, Phase } from "#ike/v2/ike-sa.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

export interface ChildView {
	readonly name: string;
	readonly inboundSpi: number;
	readonly outboundSpi: number;
	/** When new keys are asked for; infinity once somebody has. */
	readonly softAt: number;
	readonly hardAt: number;
	readonly localSelectors: readonly TrafficSelector[];
	readonly remoteSelectors: readonly TrafficSelector[];
}

/** One association. Moments in milliseconds since 1970, SPIs of IKE in hexadecimal. */
export interface AssociationView {
	readonly id: number;
	readonly connection: string;
	readonly role: "initiator" | "responder";
	readonly phase: Phase["type"];
	readonly initiatorSpi: string;
	readonly responderSpi: string;
	readonly remote: string;
	readonly path: Path;
	/** Who the peer has proved to be. */
	readonly identity: string | undefined;
	readonly authentication: Connection["localAuthentication"]["kind"];
	/** Kind of this end's own key; undefined with a pre-shared one. */
	readonly keyType: string | undefined;
	/** Names, once they are agreed. */
	readonly algorithms:
		| {
				readonly cipher: string;
				readonly integrity: string | undefined;
				readonly prf: string;
				readonly group: string;
				/** Further key exchanges (RFC 9370). */
				readonly additional: readonly string[];
		  }
		| undefined;
	readonly hardAt: number;
	readonly traffic: IkeSa["traffic"];
	readonly childrenCreated: number;
	readonly childrenDeleted: number;
	readonly children: readonly ChildView[];
}

/** A copy of what the association is now. */
export function viewOf(sa: IkeSa): AssociationView {
	const { path, connection, protection, lifetime } = sa;
	const { localAuthentication: own } = connection;
	return {
		id: sa.id,
		connection: connection.name,
		role: sa.isInitiator ? "initiator" : "responder",
		phase: sa.phase.type,
		initiatorSpi: hexOf(sa.initiatorSpi),
		responderSpi: hexOf(sa.responderSpi),
		remote: `${formatAddress(path.remote.address)} port ${path.remote.port}`,
		path,
		identity: sa.peerIdentity && identityText(sa.peerIdentity),
		authentication: own.kind,
		keyType: own.kind === "certificate" ? own.publicKey.asymmetricKeyType : undefined,
		algorithms: protection && {
			cipher: protection.proposal.cipher.name,
			integrity: protection.proposal.integrity?.name,
			prf: protection.proposal.prf.name,
			group: protection.proposal.group.name,
			additional: (protection.proposal.additional ?? []).map(({ name }) => name),
		},
		hardAt: lifetime.hardAt,
		traffic: { ...sa.traffic },
		childrenCreated: sa.childrenCreated,
		childrenDeleted: sa.childrenDeleted,
		children: [...sa.children.values()].map(
			({ config, inboundSpi, outboundSpi, softAt, hardAt, localSelectors, remoteSelectors }) => ({
				name: config.name,
				inboundSpi,
				outboundSpi,
				softAt,
				hardAt,
				localSelectors,
				remoteSelectors,
			}),
		),
	};
}

function hexOf(octets: Uint8Array): string {
	return Buffer.from(octets).toString("hex");
}

/**
 * The predefined proposals: named sets, in order of preference (B18; RFC 6379 for Suite B).
 *
 * `basic` and `compatible` hold DES and MD5: danger, both are broken. They are there for old peers.
 */
import { type EspProposal, espProposal, type IkeProposal, ikeProposal, withAdditional } from "#ike/crypto/proposal.ts";

/** What a set stands for. */
export interface ProposalSet {
	readonly ike: readonly IkeProposal[];
	readonly esp: readonly EspProposal[];
}

export const proposalSets: Readonly<Record<string, ProposalSet>> = {
	standard: {
		ike: [ikeProposal("aes-128-cbc", "sha1", "group2"), ikeProposal("3des-cbc", "sha1", "group2")],
		esp: [espProposal("3des-cbc", "hmac-sha1-96", "group2"), espProposal("aes-128-cbc", "hmac-sha1-96", "group2")],
	},
	compatible: {
		ike: [
			ikeProposal("3des-cbc", "sha1", "group2"),
			ikeProposal("3des-cbc", "md5", "group2"),
			ikeProposal("des-cbc", "sha1", "group2"),
			ikeProposal("des-cbc", "md5", "group2"),
		],
		esp: [
			espProposal("3des-cbc", "hmac-sha1-96"),
			espProposal("3des-cbc", "hmac-md5-96"),
			espProposal("des-cbc", "hmac-sha1-96"),
			espProposal("des-cbc", "hmac-md5-96"),
		],
	},
	basic: {
		ike: [ikeProposal("des-cbc", "sha1", "group1"), ikeProposal("des-cbc", "md5", "group1")],
		esp: [espProposal("des-cbc", "hmac-sha1-96"), espProposal("des-cbc", "hmac-md5-96")],
	},
	"suiteb-gcm-128": {
		ike: [ikeProposal("aes-128-cbc", "sha-256", "group19")],
		esp: [espProposal("aes-128-gcm", undefined)],
	},
	"suiteb-gcm-256": {
		ike: [ikeProposal("aes-256-cbc", "sha-384", "group20")],
		esp: [espProposal("aes-256-gcm", undefined)],
	},
};

/** The same proposals with this group, or with none: the policy's forward secrecy goes before the set's (B19). */
export function withForwardSecrecy(proposals: readonly EspProposal[], group: string): readonly EspProposal[] {
	return proposals.map(({ cipher, integrity, hasExtendedSequenceNumbers }) =>
		espProposal(cipher.name, integrity?.name, group, hasExtendedSequenceNumbers),
	);
}

/** What `additional-key-exchange` makes of a proposal: the one with further exchanges, and behind it, where they are optional, the one without. */
export function withFurtherExchanges<T extends IkeProposal | EspProposal>(
	proposal: T,
	further: { readonly methods: readonly string[]; readonly optional: boolean } | undefined,
): readonly T[] {
	if (further === undefined) return [proposal];
	const longer = withAdditional(proposal, further.methods);
	return further.optional ? [longer, proposal] : [longer];
}

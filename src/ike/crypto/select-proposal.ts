/** Which proposal is chosen, and whether an answer is one of ours (RFC 7296 §2.7, §3.3.6). */
import { type EspProposal, encodeEspProposals, encodeIkeProposals, type IkeProposal } from "#ike/crypto/proposal.ts";
import { type Proposal, protocolId, type Transform, transformType } from "#ike/wire/security-association.ts";

/** What was chosen: the row of ours, and what the answer says. */
export interface Selection<T> {
	readonly chosen: T;
	/** The peer's number, its SPI, and one transform of each type. */
	readonly answer: Proposal;
}

/**
 * The first of the peer's proposals that one of ours is within; the peer's order decides, as it is the one that asks
 * (RFC 7296 §2.7). Undefined when there is none.
 */
export function selectIkeProposal(
	offered: readonly Proposal[],
	ours: readonly IkeProposal[],
	spiOctets: number,
): Selection<IkeProposal> | undefined {
	return select(offered, ours, protocolId.ike, spiOctets, (one) => encodeIkeProposals([one], empty));
}

/** The same for ESP. `withGroup` is false in IKE_AUTH, where no group is named. */
export function selectEspProposal(
	offered: readonly Proposal[],
	ours: readonly EspProposal[],
	withGroup: boolean,
): Selection<EspProposal> | undefined {
	return select(offered, ours, protocolId.esp, espSpiOctets, (one) => encodeEspProposals([one], empty, withGroup));
}

function select<T>(
	offered: readonly Proposal[],
	ours: readonly T[],
	protocol: number,
	spiOctets: number,
	encode: (one: T) => readonly Proposal[],
): Selection<T> | undefined {
	for (const proposal of offered) {
		if (proposal.protocol !== protocol || proposal.spi.length !== spiOctets) continue;
		for (const one of ours) {
			const [wanted] = encode(one);
			if (wanted === undefined || !holds(proposal.transforms, wanted.transforms)) continue;
			const transforms = [...wanted.transforms, ...declined(proposal.transforms, wanted.transforms)];
			return { chosen: one, answer: { ...proposal, transforms } };
		}
	}
	return undefined;
}

/**
 * True when the offer has each transform that we want, and no type that we would leave unanswered. A type can also be
 * declined by NONE among its transforms (§3.3.3), and sequence numbers default to 32 bits when nothing is said (§3.3.2).
 */
function holds(offered: readonly Transform[], wanted: readonly Transform[]): boolean {
	for (const transform of wanted) {
		const isOffered = offered.some((one) => isSame(one, transform));
		const isDefault = transform.type === transformType.extendedSequenceNumbers && transform.id === 0;
		if (!isOffered && !(isDefault && !offered.some(({ type }) => type === transform.type))) return false;
	}
	const types = new Set(offered.map(({ type }) => type));
	for (const { type } of wanted) types.delete(type);
	for (const type of types) if (!offered.some((one) => one.type === type && one.id === none)) return false;
	return true;
}

/** An additional exchange that is offered and not wanted is answered by NONE (RFC 9370 §2.2.1). */
function declined(offered: readonly Transform[], wanted: readonly Transform[]): readonly Transform[] {
	const types = new Set(offered.map(({ type }) => type).filter(isAdditional));
	for (const { type } of wanted) types.delete(type);
	return [...types].map((type) => ({ type, id: none }));
}

function isAdditional(type: number): boolean {
	return type >= transformType.additionalKeyExchange1 && type <= transformType.additionalKeyExchange7;
}

function isSame(one: Transform, other: Transform): boolean {
	return (
		one.type === other.type && one.id === other.id && one.keyBits === other.keyBits && one.hasUnknownAttribute !== true
	);
}

const empty = new Uint8Array(0);
const none = 0;
const espSpiOctets = 4;

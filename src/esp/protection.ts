/** The algorithms and keys of one direction of an association of ESP, as its packets need them. Types alone. */

/** A cipher: what of a row of the table of algorithms a packet needs. */
export interface EspCipher {
	/** The name that OpenSSL gives it. */
	readonly engine: string;
	readonly keyOctets: number;
	/** The fixed part of the nonce, behind the key; 0 for CBC. */
	readonly saltOctets: number;
	readonly ivOctets: number;
	readonly blockOctets: number;
	/** Octets of the check value of a cipher that authenticates; 0 otherwise. */
	readonly tagOctets: number;
}

/** What authenticates packets when the cipher does not. */
export interface EspIntegrity {
	readonly hash: string;
	readonly tagOctets: number;
}

export interface EspProtection {
	readonly cipher: EspCipher;
	readonly integrity?: EspIntegrity;
	/** Sequence numbers of 64 bits, of which 32 are sent (RFC 4303 §2.2.1). */
	readonly hasExtendedSequenceNumbers: boolean;
}

/** Key and salt together; the key of the integrity algorithm, empty for a cipher that authenticates. */
export interface EspKeys {
	readonly encryption: Uint8Array;
	readonly integrity: Uint8Array;
}

/** A compiled rule: everything that is decided when rules are loaded, so that traffic only compares. */
import type { BufferName, BufferStage } from "#signature/buffer-table.ts";
import type { NumberRange } from "#signature/number-range.ts";
import type { RuleAction } from "#signature/parse-rule.ts";
import type { AddressTest, PortTest } from "#signature/rule-address.ts";
import type { Transform } from "#signature/transforms.ts";

/** A number of the rule, or the value of a variable that `byte_extract` or `byte_math` has set, by its index. */
export type Amount = number | { readonly variable: number };

/** Octets to be found. `offset`, `depth` count from the buffer's start, `distance`, `within` from the last match's end. */
export interface ContentStep {
	readonly type: "content";
	/** In lower case when case is ignored. */
	readonly octets: Uint8Array;
	readonly isNegated: boolean;
	readonly ignoresCase: boolean;
	readonly offset: Amount | undefined;
	readonly depth: Amount | undefined;
	readonly distance: Amount | undefined;
	readonly within: Amount | undefined;
	readonly endsBuffer: boolean;
	readonly isFastPattern: boolean;
	/** The next step begins where this one ended: other occurrences are tried when it fails. */
	readonly isFollowed: boolean;
}

export interface PcreStep {
	readonly type: "pcre";
	readonly source: string;
	readonly isNegated: boolean;
	readonly isRelative: boolean;
	readonly isFollowed: boolean;
}

export interface DataAtStep {
	readonly type: "isdataat";
	readonly isNegated: boolean;
	readonly at: Amount;
	readonly isRelative: boolean;
}

/** How octets become a number. `octets` 0 for text: as many digits as there are. */
export interface NumberReading {
	readonly octets: Amount;
	readonly offset: Amount;
	readonly isRelative: boolean;
	readonly isLittleEndian: boolean;
	/** The digits are text in this base; undefined: the octets are binary. */
	readonly base: 8 | 10 | 16 | undefined;
	readonly bitmask: number | undefined;
}

export interface ByteTestStep extends NumberReading {
	readonly type: "byte_test";
	readonly isNegated: boolean;
	readonly operator: "<" | ">" | "=" | "<=" | ">=" | "&" | "^";
	readonly value: Amount;
}

export interface ByteJumpStep extends NumberReading {
	readonly type: "byte_jump";
	readonly multiplier: number;
	readonly postOffset: Amount;
	readonly from: "here" | "beginning" | "end";
	readonly isAligned: boolean;
}

export interface ByteExtractStep extends NumberReading {
	readonly type: "byte_extract";
	readonly multiplier: number;
	readonly align: 0 | 2 | 4;
	readonly variable: number;
}

export interface ByteMathStep extends NumberReading {
	readonly type: "byte_math";
	readonly operator: "+" | "-" | "*" | "/" | "<<" | ">>";
	readonly value: Amount;
	readonly variable: number;
}

export interface SizeStep {
	readonly type: "size";
	readonly range: NumberRange;
}

/** Membership of the buffer in a named set. */
export interface DatasetStep {
	readonly type: "dataset";
	readonly command: "isset" | "isnotset" | "set" | "unset";
	readonly name: string;
	readonly form: DatasetForm;
	readonly load: string | undefined;
}
export type DatasetForm = "string" | "md5" | "sha256";

export type Step =
	| ContentStep
	| PcreStep
	| DataAtStep
	| ByteTestStep
	| ByteJumpStep
	| ByteExtractStep
	| ByteMathStep
	| SizeStep
	| DatasetStep;

/** What must hold in one buffer. */
export interface Inspection {
	readonly buffer: BufferName;
	readonly transforms: readonly Transform[];
	/** "must": the buffer must not be there; "may": that is enough, else the steps decide. */
	readonly absent: "no" | "must" | "may";
	readonly steps: readonly Step[];
}

/** Bits that rules set on a connection and ask for. */
export interface FlowBitStep {
	readonly command: "set" | "unset" | "toggle" | "isset" | "isnotset";
	/** One of them is enough. */
	readonly names: readonly string[];
}

export interface FlowIntegerStep {
	readonly name: string;
	readonly operator: "+" | "-" | "=" | "<" | ">" | "<=" | ">=" | "==" | "!=" | "isset" | "notset";
	readonly value: number | string;
}

/** How often a match counts before it is told, and how often it is told. */
export interface Threshold {
	readonly type: "threshold" | "limit" | "both" | "detection_filter";
	readonly track: "by_src" | "by_dst" | "by_both" | "by_rule" | "by_flow";
	readonly count: number;
	readonly seconds: number;
}

/** Facts of the handshake that are no buffers. Undefined: not asked for. */
export interface TlsTests {
	/** Code points of versions, one of them; negated as a whole. */
	readonly versions: readonly number[] | undefined;
	readonly isVersionNegated: boolean;
	readonly state: "client_hello" | "server_hello" | undefined;
	readonly isExpired: boolean | undefined;
}

/** What only single packets tell. Rules with such tests match nothing where there are no packets. */
export interface PacketTests {
	readonly payloadSize: NumberRange | undefined;
	readonly isPacketOnly: boolean;
}

export type SignatureDirection = "to-server" | "to-client" | "both";

export interface Signature {
	readonly gid: number;
	readonly sid: number;
	readonly rev: number;
	readonly message: string;
	readonly action: RuleAction;
	readonly protocol: SignatureProtocol;
	readonly classtype: string | undefined;
	/** 1 is the most severe. */
	readonly priority: number;
	readonly references: readonly string[];
	readonly metadata: readonly string[];
	readonly target: "src_ip" | "dest_ip" | undefined;
	readonly source: AddressTest | undefined;
	readonly sourcePorts: PortTest | undefined;
	readonly destination: AddressTest | undefined;
	readonly destinationPorts: PortTest | undefined;
	readonly isBothWays: boolean;
	readonly direction: SignatureDirection;
	readonly isNoAlert: boolean;
	readonly inspections: readonly Inspection[];
	/** The last message that must have been seen. */
	readonly stage: BufferStage;
	readonly flowBits: readonly FlowBitStep[];
	readonly flowIntegers: readonly FlowIntegerStep[];
	readonly threshold: Threshold | undefined;
	readonly tls: TlsTests | undefined;
	readonly packet: PacketTests | undefined;
	readonly variables: number;
}

export type SignatureProtocol = "ip" | "tcp" | "udp" | "http" | "tls" | "smtp" | "imap" | "pop3" | "ftp";

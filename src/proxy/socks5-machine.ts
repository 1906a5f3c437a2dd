/**
 * Reads what a client of SOCKS5 asks for: the methods, a user and a password where the listener demands them, and the request.
 *
 *   client  05 | n | methods                          proxy  05 | method, ff: none
 *   client  01 | n | user | n | password              proxy  01 | 0: success            (only with method 2)
 *   client  05 | command | 00 | type | host | port    proxy  05 | reply | 00 | type | address | port
 *
 * CONNECT alone is served. The reply to it is sent once the server was reached (`encodeSocks5Reply`).
 *
 * Source: RFC 1928, RFC 1929.
 */
import { type Address, addressOf, formatAddress, parseAddress } from "#base/address.ts";
import { concat, type Decoded, done, needMore, Reader, Writer } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import { type FaultCode, faultTable } from "#base/fault-table.ts";
import { normalizeHostName } from "#base/host-name.ts";
import { Secret } from "#base/secret.ts";
import type { ConnectRequest } from "#proxy/connect-machine.ts";

/** The answer to each chunk. `send` goes to the client at once, before anything else; often it is empty. */
export type Socks5Answer =
	| { readonly kind: "need-more"; readonly send: Uint8Array }
	/** Whether user and password are right is told to `authenticated`. Until then nothing is read. */
	| { readonly kind: "authenticate"; readonly user: string; readonly password: Secret; readonly send: Uint8Array }
	| { readonly kind: "request"; readonly request: ConnectRequest; readonly send: Uint8Array }
	/** `send` is the refusal, behind which the connection is closed. */
	| { readonly kind: "refuse"; readonly fault: Fault; readonly send: Uint8Array };

export interface Socks5Options {
	/** Every client must give a user and a password; without it none is asked for any. */
	readonly mustAuthenticate: boolean;
}

type State = "expect-methods" | "expect-credentials" | "await-verdict" | "expect-request";

/**
 * The states of one SOCKS5 connection before the tunnel.
 *
 * Bounds: at most `maxHeldOctets` and one chunk; each message is at most 513 octets.
 * Faults: SOCKS_REQUEST_MALFORMED, SOCKS_VERSION_REFUSED, SOCKS_METHODS_DO_NOT_MATCH, SOCKS_AUTHENTICATION_FAILED,
 * SOCKS_COMMAND_REFUSED, SOCKS_ADDRESS_TYPE_REFUSED.
 */
export class Socks5Machine {
	readonly #options: Socks5Options;
	#state: State = "expect-methods";
	#held: Uint8Array = nothing;
	#send: Uint8Array[] = [];
	#last: Socks5Answer | undefined;

	constructor(options: Socks5Options = { mustAuthenticate: false }) {
		this.#options = options;
	}

	/** Takes the next octets of the client. After a request or a refusal the machine is spent and says it again. */
	push(octets: Uint8Array): Socks5Answer {
		if (this.#last !== undefined) return this.#last;
		this.#held = this.#held.length === 0 ? octets : concat([this.#held, octets]);
		return this.#read();
	}

	/** Goes on behind `authenticate`. */
	authenticated(isAccepted: boolean): Socks5Answer {
		if (this.#last !== undefined) return this.#last;
		if (this.#state !== "await-verdict") throw new Error(`a verdict in state ${this.#state}; expected await-verdict`);
		this.#send.push(Uint8Array.of(1, isAccepted ? 0 : 1));
		if (!isAccepted) return this.#refuse("SOCKS_AUTHENTICATION_FAILED", "a user with the right password", "another");
		this.#state = "expect-request";
		return this.#read();
	}

	/** The request did not arrive in time. */
	timedOut(): Fault {
		return fault(
			"PROXY_HEAD_TIMEOUT",
			`the SOCKS5 request did not arrive in time; in state ${this.#state} with ${this.#held.length} octets`,
		);
	}

	#read(): Socks5Answer {
		for (;;) {
			switch (this.#state) {
				case "expect-methods": {
					const answer = this.#methods();
					if (answer !== undefined) return answer;
					break;
				}
				case "expect-credentials":
					return this.#credentials();
				case "expect-request":
					return this.#request();
				default:
					return this.#wait();
			}
		}
	}

	#methods(): Socks5Answer | undefined {
		const [version, count] = this.#held;
		if (version === 4) {
			this.#send.push(socks4Refusal);
			return this.#refuse("SOCKS_VERSION_REFUSED", "version 5", "version 4");
		}
		if (version !== undefined && version !== 5) return this.#malformed("version 5", `version ${version}`);
		if (count === 0) return this.#malformed("one authentication method or more", "none");
		if (count === undefined || this.#held.length < 2 + count) return this.#wait();
		const methods = this.#held.subarray(2, 2 + count);
		this.#held = this.#held.subarray(2 + count);
		const method = this.#options.mustAuthenticate ? authentication.password : authentication.none;
		if (!methods.includes(method)) {
			this.#send.push(Uint8Array.of(5, 0xff));
			return this.#refuse("SOCKS_METHODS_DO_NOT_MATCH", nameOf(method), [...methods].map(nameOf).join(", "));
		}
		this.#send.push(Uint8Array.of(5, method));
		this.#state = method === authentication.none ? "expect-request" : "expect-credentials";
		return undefined;
	}

	#credentials(): Socks5Answer {
		const decoded = decodeCredentials(this.#held);
		if (decoded.kind === "need-more") return this.#wait();
		if (decoded.kind === "malformed") {
			this.#send.push(Uint8Array.of(1, 1));
			return this.#refuse("SOCKS_REQUEST_MALFORMED", "user and password of RFC 1929", decoded.reason);
		}
		this.#held = this.#held.subarray(decoded.octets);
		this.#state = "await-verdict";
		return { kind: "authenticate", ...decoded.value, send: this.#takeSend() };
	}

	#request(): Socks5Answer {
		const [version, command, reserved, type, length] = this.#held;
		if (version !== undefined && version !== 5) return this.#malformedRequest("version 5", `version ${version}`);
		if (command !== undefined && command !== connect) {
			return this.#refuseRequest("SOCKS_COMMAND_REFUSED", "CONNECT (1)", commands.get(command) ?? `command ${command}`);
		}
		if (reserved !== undefined && reserved !== 0) return this.#malformedRequest("00 behind the command", hex(reserved));
		if (type === undefined) return this.#wait();
		const hostOctets = type === addressType.name ? (length ?? 0) : addressOctets.get(type);
		if (hostOctets === undefined) {
			return this.#refuseRequest("SOCKS_ADDRESS_TYPE_REFUSED", "IPv4 (1), a name (3) or IPv6 (4)", `type ${type}`);
		}
		const start = type === addressType.name ? 5 : 4;
		const reader = new Reader(this.#held, start);
		const host = reader.take(hostOctets);
		const port = reader.u16();
		if (reader.isShort || length === undefined) return this.#wait();
		const target = type === addressType.name ? hostOfName(host) : formatAddress(addressOf(host));
		if (target === undefined) return this.#malformedRequest("a host name", shown(host));
		if (port === 0) return this.#malformedRequest("a port from 1 on", "port 0");
		const request = { host: target, port, rest: this.#held.subarray(reader.position) };
		return this.#end({ kind: "request", request, send: this.#takeSend() });
	}

	#wait(): Socks5Answer {
		if (this.#held.length > maxHeldOctets) {
			return this.#malformed(`at most ${maxHeldOctets} octets before an answer`, `${this.#held.length}`);
		}
		return { kind: "need-more", send: this.#takeSend() };
	}

	#malformed(expected: string, got: string): Socks5Answer {
		return this.#refuse("SOCKS_REQUEST_MALFORMED", expected, got);
	}

	#malformedRequest(expected: string, got: string): Socks5Answer {
		return this.#refuseRequest("SOCKS_REQUEST_MALFORMED", expected, got);
	}

	#refuseRequest(code: SocksCode, expected: string, got: string): Socks5Answer {
		this.#send.push(encodeSocks5Reply(replyOf(code)));
		return this.#refuse(code, expected, got);
	}

	#refuse(code: SocksCode, expected: string, got: string): Socks5Answer {
		const message = `the SOCKS5 request to the proxy is refused; expected ${expected}, got ${got}; set this address as a SOCKS5 proxy`;
		return this.#end({ kind: "refuse", fault: fault(code, message, { expected, got }), send: this.#takeSend() });
	}

	#end(answer: Socks5Answer): Socks5Answer {
		this.#last = { ...answer, send: nothing };
		this.#held = nothing;
		return answer;
	}

	#takeSend(): Uint8Array {
		const whole = this.#send.length === 1 ? (this.#send[0] as Uint8Array) : concat(this.#send);
		this.#send = [];
		return whole;
	}
}

/** The reply codes (RFC 1928 §6) that no fault stands for. A refusal by policy is `notAllowed`. */
export const socks5Reply = { succeeded: 0, notAllowed: 2 } as const;

/**
 * Encodes the reply to a request. `bound` is where the connection to the server begins; without it zeros stand there, as clients of
 * CONNECT do not need it and it tells of the gateway's addresses.
 */
export function encodeSocks5Reply(
	reply: number,
	bound?: { readonly address: Address; readonly port: number },
): Uint8Array {
	const octets = bound?.address.octets ?? new Uint8Array(4);
	const type = octets.length === 4 ? addressType.ipv4 : addressType.ipv6;
	const writer = new Writer(22).u8(5).u8(reply).u8(0).u8(type);
	return writer
		.bytes(octets)
		.u16(bound?.port ?? 0)
		.finish();
}

/**
 * The reply code for a fault that ends a request, by the table of faults. `errno` is the error of the connection where there was
 * one, as `ECONNREFUSED`.
 */
export function socks5ReplyOf(failure: Fault, errno?: string): number {
	return repliesByErrno.get(errno ?? "") ?? replyOf(failure.code);
}

type SocksCode = Extract<FaultCode, `SOCKS_${string}`>;

function replyOf(code: FaultCode): number {
	const row: { readonly socks?: number } = faultTable[code];
	return row.socks ?? generalFailure;
}

/** 01 | n | user | n | password (RFC 1929 §2). */
function decodeCredentials(octets: Uint8Array): Decoded<{ user: string; password: Secret }> {
	if (octets.length > 0 && octets[0] !== 1) return { kind: "malformed", reason: `version ${octets[0]}; expected 1` };
	const reader = new Reader(octets, 1);
	const user = reader.take(reader.u8());
	const password = reader.take(reader.u8());
	if (octets.length === 0 || reader.isShort) return needMore;
	const text = (part: Uint8Array) => Buffer.from(part).toString("utf8");
	return done({ user: text(user), password: new Secret(text(password)) }, reader.position);
}

/** Some clients put an address literal where a name belongs. */
function hostOfName(octets: Uint8Array): string | undefined {
	const text = Buffer.from(octets).toString("latin1");
	const address = parseAddress(text);
	return address === undefined ? normalizeHostName(text) : formatAddress(address);
}

function shown(octets: Uint8Array): string {
	const text = Buffer.from(octets.subarray(0, 80)).toString("latin1");
	return JSON.stringify(text.replace(/[^\x20-\x7e]/g, "?"));
}

function nameOf(method: number): string {
	return methodNames.get(method) ?? `method ${method}`;
}

function hex(octet: number): string {
	return octet.toString(16).padStart(2, "0");
}

const nothing = new Uint8Array(0);
const authentication = { none: 0, password: 2 } as const;
const methodNames: ReadonlyMap<number, string> = new Map([
	[0, "no authentication (0)"],
	[1, "GSSAPI (1)"],
	[2, "user and password (2)"],
]);
const connect = 1;
const commands: ReadonlyMap<number, string> = new Map([
	[2, "BIND (2)"],
	[3, "UDP ASSOCIATE (3)"],
]);
const addressType = { ipv4: 1, name: 3, ipv6: 4 } as const;
const addressOctets: ReadonlyMap<number, number> = new Map([
	[addressType.ipv4, 4],
	[addressType.ipv6, 16],
]);
const generalFailure = 1;
const repliesByErrno: ReadonlyMap<string, number> = new Map([
	["ENETUNREACH", 3],
	["EHOSTUNREACH", 4],
	["ECONNREFUSED", 5],
]);
/** SOCKS4: version 0 of the reply, 5b: rejected or failed. */
const socks4Refusal = Uint8Array.of(0, 0x5b, 0, 0, 0, 0, 0, 0);
/** Beyond every message there is: a client may send the beginning of its stream before it is answered. */
const maxHeldOctets = 16_384;

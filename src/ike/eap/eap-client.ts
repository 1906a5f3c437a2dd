/** The end of EAP that is asked: it says its name and proves that it knows the password, if the other end proves the same (MSCHAPv2). */
import { decodeChapPacket, encodeChapPacket } from "#ike/eap/chap-packet.ts";
import { eapCode, eapType } from "#ike/eap/eap-server.ts";
import { authenticatorResponse, type ChapTalk, masterSessionKey, ntResponse, userOf } from "#ike/eap/ms-chap-v2.ts";
import type { EapBody } from "#ike/wire/eap.ts";
import { visibleText } from "#telemetry/display-text.ts";

export interface EapCredentials {
	readonly name: string;
	/** NtPasswordHash. */
	readonly hash: Uint8Array;
}

export type EapClientStep =
	| { readonly kind: "answer"; readonly message: EapBody }
	| { readonly kind: "success"; readonly key: Uint8Array }
	| { readonly kind: "failure"; readonly reason: string };

/** Bounds: at most 16 questions. */
export class EapClient {
	readonly #credentials: EapCredentials;
	readonly #random: (octets: number) => Uint8Array;
	/** What this end has proved, while the other end has not. */
	#proof: { readonly talk: ChapTalk; readonly response: Uint8Array } | undefined;
	#key: Uint8Array | undefined;
	#refusal = "";
	#questions = 0;

	constructor(credentials: EapCredentials, random: (octets: number) => Uint8Array) {
		this.#credentials = credentials;
		this.#random = random;
	}

	take({ code, identifier, data }: EapBody): EapClientStep {
		if (code === eapCode.failure) return fail(this.#refusal || "the peer refuses the user");
		if (code === eapCode.success)
			return this.#key === undefined
				? fail("the peer accepts the user without having proved that it knows the password")
				: { kind: "success", key: this.#key };
		if (code !== eapCode.request || ++this.#questions > maxQuestions) return fail("the peer asks without end");
		const answer = (octets: Uint8Array): EapClientStep => ({
			kind: "answer",
			message: { code: eapCode.response, identifier, data: octets },
		});
		if (data[0] === eapType.identity)
			return answer(Uint8Array.of(eapType.identity, ...Buffer.from(this.#credentials.name, "utf8")));
		if (data[0] === eapType.notification) return answer(Uint8Array.of(eapType.notification));
		if (data[0] !== eapType.mschapv2) return answer(Uint8Array.of(eapType.nak, eapType.mschapv2));
		const said = this.#onChap(data.subarray(1));
		return typeof said === "string" ? fail(said) : answer(Uint8Array.of(eapType.mschapv2, ...said));
	}

	/** The message to answer with, or why there is none. */
	#onChap(data: Uint8Array): Uint8Array | string {
		const decoded = decodeChapPacket(data);
		if (decoded.kind !== "done") return "the peer sent a message of MSCHAPv2 that cannot be read";
		const packet = decoded.value;
		const { hash, name } = this.#credentials;
		if (packet.kind === "challenge") {
			const peerChallenge = this.#random(16);
			const talk = { authenticatorChallenge: Uint8Array.from(packet.challenge), peerChallenge, user: userOf(name) };
			const response = ntResponse(hash, talk);
			this.#proof = { talk, response };
			this.#key = undefined;
			return encodeChapPacket({ kind: "response", id: packet.id, peerChallenge, ntResponse: response, name });
		}
		if (packet.kind === "failure") {
			this.#refusal = `the peer refuses the user: ${visibleText(packet.text)}`;
			return encodeChapPacket({ kind: "heard-failure" });
		}
		if (packet.kind !== "success" || this.#proof === undefined) return `the peer sent ${packet.kind} out of turn`;
		const { talk, response } = this.#proof;
		if (packet.text.slice(0, proofLength) !== authenticatorResponse(hash, talk, response))
			return "the peer does not know the password";
		this.#key = masterSessionKey(hash, response);
		return encodeChapPacket({ kind: "heard-success" });
	}
}

function fail(reason: string): EapClientStep {
	return { kind: "failure", reason };
}

const maxQuestions = 16;
/** `S=` and 40 digits. */
const proofLength = 42;

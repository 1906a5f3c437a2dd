/** Payloads and messages of IKEv2 for properties: every kind, with any content that can stand in it. */
import fc from "fast-check";
import type { MessageHead } from "#ike/wire/message.ts";
import type { Payload } from "#ike/wire/payload.ts";
import type { Proposal, Transform } from "#ike/wire/security-association.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
	fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 0, max: 65_535 });

export const transforms: fc.Arbitrary<Transform> = fc.record(
	{ type: u8, id: u16, keyBits: fc.integer({ min: 1, max: 65_535 }) },
	{ requiredKeys: ["type", "id"], noNullPrototype: true },
);

export const proposals: fc.Arbitrary<readonly Proposal[]> = fc.array(
	record({
		number: u8,
		protocol: u8,
		spi: fc.constantFrom(0, 4, 8).chain((length) => octets(length, length)),
		transforms: fc.array(transforms, { minLength: 1, maxLength: 6 }),
	}),
	{ minLength: 1, maxLength: 4 },
);

export const selectors: fc.Arbitrary<readonly TrafficSelector[]> = fc.array(
	fc.constantFrom(4, 16).chain((length) =>
		record({
			protocol: u8,
			firstPort: u16,
			lastPort: u16,
			first: octets(length, length),
			last: octets(length, length),
		}),
	),
	{ minLength: 1, maxLength: 4 },
);

const identity = fc.oneof(
	record({ idType: fc.constantFrom(2, 3, 9, 10, 11, 200), data: octets(0, 40) }),
	record({ idType: fc.constant(1), data: octets(4, 4) }),
	record({ idType: fc.constant(5), data: octets(16, 16) }),
);

export const payloads: fc.Arbitrary<Payload> = fc.oneof(
	proposals.map((value): Payload => ({ type: "sa", proposals: value })),
	record({ group: u16, data: octets(1, 80) }).map((value): Payload => ({ type: "ke", ...value })),
	identity.map((value): Payload => ({ type: "id-initiator", ...value })),
	identity.map((value): Payload => ({ type: "id-responder", ...value })),
	record({ encoding: u8, data: octets(1, 60) }).map((value): Payload => ({ type: "certificate", ...value })),
	record({ encoding: fc.constant(4), authorities: fc.constantFrom(0, 20, 40).chain((n) => octets(n, n)) }).map(
		(value): Payload => ({ type: "certificate-request", ...value }),
	),
	record({ method: u8, data: octets(1, 60) }).map((value): Payload => ({ type: "authentication", ...value })),
	octets(16, 256).map((data): Payload => ({ type: "nonce", data })),
	record({ protocol: u8, spi: octets(0, 8), notify: u16, data: octets(0, 40) }).map(
		(value): Payload => ({ type: "notify", ...value }),
	),
	record({ protocol: u8, spis: fc.array(octets(4, 4), { maxLength: 5 }) }).map(
		(value): Payload => ({ type: "delete", ...value }),
	),
	octets(0, 40).map((data): Payload => ({ type: "vendor-id", data })),
	selectors.map((value): Payload => ({ type: "ts-initiator", selectors: value })),
	selectors.map((value): Payload => ({ type: "ts-responder", selectors: value })),
	record({
		configuration: u8,
		attributes: fc.array(record({ type: fc.integer({ min: 0, max: 0x7fff }), value: octets(0, 20) }), {
			maxLength: 5,
		}),
	}).map((value): Payload => ({ type: "configuration", ...value })),
	record({ code: fc.constantFrom(1, 2), identifier: u8, data: octets(1, 40) }).map(
		(value): Payload => ({ type: "eap", ...value }),
	),
);

export const heads: fc.Arbitrary<MessageHead> = record({
	initiatorSpi: octets(8, 8),
	responderSpi: octets(8, 8),
	exchange: u8,
	isInitiator: fc.boolean(),
	isResponse: fc.boolean(),
	messageId: fc.integer({ min: 0, max: 0xffff_ffff }),
});

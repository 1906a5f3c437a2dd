/** Which authorities have expired or soon will: alarms, and events that are told once a day. */
import type { Bundle } from "#daemon/trust-directory.ts";
import type { Certificate } from "#pki/certificate.ts";
import { expiryOf } from "#pki/certificate-status.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

/** What there is to watch. */
export interface WatchedAuthorities {
	readonly profiles: readonly Bundle[];
	readonly groups: readonly Bundle[];
	/** The roots of the default store that are not excluded; none when it is disabled. */
	readonly defaultRoots: readonly Certificate[];
	readonly warningDays: number;
}

export interface ExpiryAlarm {
	readonly at: number;
	readonly level: "Major" | "Minor";
	readonly text: string;
}

/** The alarms of CA profiles. Bundles of many are told of by events alone. */
export function expiryAlarms({ profiles, warningDays }: WatchedAuthorities, now: number): readonly ExpiryAlarm[] {
	return profiles.flatMap(({ name, certificates }) =>
		certificates.flatMap((certificate): ExpiryAlarm[] => {
			const expiry = expiryOf(certificate, now, warningDays);
			const what = `certificate ${certificate.subject.text} of ca-profile ${name}`;
			if (expiry.kind === "expired") return [{ at: certificate.notAfter, level: "Major", text: `${what} has expired` }];
			if (expiry.kind !== "near") return [];
			const at = certificate.notAfter - warningDays * dayMs;
			return [{ at, level: "Minor", text: `${what} expires in ${expiry.daysLeft} days` }];
		}),
	);
}

/** Remembers what was told, so that each thing is told once a day and whenever it gets worse. */
export class ExpiryTeller {
	#told = new Map<string, number>();

	/** The events that are due; what is no longer there is forgotten. */
	due(watched: WatchedAuthorities, now: number): readonly GatewayEvent[] {
		const found = [...profileEvents(watched, now), ...storeEvents(watched, now)];
		const isDue = (key: string) => now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) >= dayMs;
		const due = found.filter(([key]) => isDue(key));
		this.#told = new Map(found.map(([key]) => [key, isDue(key) ? now : (this.#told.get(key) ?? now)]));
		return due.map(([, event]) => event);
	}
}

type KeyedEvent = readonly [string, GatewayEvent];

function profileEvents({ profiles, warningDays }: WatchedAuthorities, now: number): KeyedEvent[] {
	return profiles.flatMap(({ name: profile, certificates }) =>
		certificates.flatMap((certificate): KeyedEvent[] => {
			const { fingerprint: sha256, notAfter } = certificate;
			const facts = { profile, subject: certificate.subject.text.slice(0, maxSubject), sha256, notAfter };
			const expiry = expiryOf(certificate, now, warningDays);
			const key = `${expiry.kind} ${profile} ${sha256}`;
			if (expiry.kind === "expired") return [[key, gatewayEvent("AUTHORITY_EXPIRED", now, facts)]];
			if (expiry.kind !== "near") return [];
			return [[key, gatewayEvent("AUTHORITY_EXPIRY_NEAR", now, { ...facts, daysLeft: expiry.daysLeft })]];
		}),
	);
}

function storeEvents({ groups, defaultRoots }: WatchedAuthorities, now: number): KeyedEvent[] {
	const stores = [
		...groups.map(({ name, certificates }) => ({ store: `ca-profile-group ${name}`, certificates })),
		{ store: "the default trust store", certificates: defaultRoots },
	];
	return stores.flatMap(({ store, certificates }): KeyedEvent[] => {
		const expired = certificates.filter((certificate) => expiryOf(certificate, now, 0).kind === "expired");
		if (expired.length === 0) return [];
		const subjects = expired.slice(0, maxSubjects).map(({ subject }) => subject.text.slice(0, maxSubject));
		return [
			[
				`roots ${store} ${expired.length}`,
				gatewayEvent("ROOTS_EXPIRED", now, { store, count: expired.length, subjects }),
			],
		];
	});
}

const dayMs = 86_400_000;
const maxSubjects = 20;
const maxSubject = 200;

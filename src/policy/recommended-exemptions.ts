/**
 * The exemptions that are recommended, for `use-recommended-exemptions`: update services and stores whose clients pin
 * certificates, and examples of services whose traffic is nobody else's business. A list of our own, short on purpose;
 * a gateway's operator replaces it by an own one in the state directory.
 */
import { type DomainSet, domainSetOf } from "#policy/domain-set.ts";

/** One exemption and the reason for it. */
export interface RecommendedExemption {
	/** As in `DomainSet`: `.name` covers the name and all below it. */
	readonly pattern: string;
	readonly reason: "pinned" | "updates" | "finance" | "health";
}

export const recommendedExemptions: readonly RecommendedExemption[] = [
	{ pattern: "*.windowsupdate.com", reason: "updates" },
	{ pattern: "*.update.microsoft.com", reason: "updates" },
	{ pattern: "*.delivery.mp.microsoft.com", reason: "updates" },
	{ pattern: ".swscan.apple.com", reason: "updates" },
	{ pattern: ".swcdn.apple.com", reason: "updates" },
	{ pattern: ".swdist.apple.com", reason: "updates" },
	{ pattern: ".mesu.apple.com", reason: "updates" },
	{ pattern: ".gdmf.apple.com", reason: "updates" },
	{ pattern: ".xp.apple.com", reason: "pinned" },
	{ pattern: "*.push.apple.com", reason: "pinned" },
	{ pattern: ".gs.apple.com", reason: "pinned" },
	{ pattern: "*.itunes.apple.com", reason: "pinned" },
	{ pattern: "*.mzstatic.com", reason: "pinned" },
	{ pattern: ".mtalk.google.com", reason: "pinned" },
	{ pattern: ".android.clients.google.com", reason: "pinned" },
	{ pattern: ".play.googleapis.com", reason: "pinned" },
	{ pattern: ".aus5.mozilla.org", reason: "pinned" },
	{ pattern: ".signal.org", reason: "pinned" },
	{ pattern: ".whatsapp.net", reason: "pinned" },
	{ pattern: ".paypal.com", reason: "finance" },
	{ pattern: ".stripe.com", reason: "finance" },
	{ pattern: ".visa.com", reason: "finance" },
	{ pattern: ".mastercard.com", reason: "finance" },
	{ pattern: ".americanexpress.com", reason: "finance" },
	{ pattern: ".mychart.com", reason: "health" },
	{ pattern: ".healthcare.gov", reason: "health" },
	{ pattern: ".nhs.uk", reason: "health" },
	{ pattern: ".gesund.bund.de", reason: "health" },
];

/** The shipped list as it is asked. */
export function shippedExemptions(): DomainSet {
	return domainSetOf(
		recommendedEntry,
		recommendedExemptions.map(({ pattern }) => pattern),
	);
}

/** What the list calls itself in records. */
export const recommendedEntry = "the recommended exemptions";

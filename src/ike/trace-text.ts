/** Lines of the trace of IKE: messages by their headers, as what follows is encrypted. */
import { formatAddress } from "#base/address.ts";
import type { Path, Place } from "#ike/v2/connection.ts";
import { decodeIkeHeader, exchangeType } from "#ike/wire/header.ts";

/** `sent IKE_AUTH request 1, 316 octets, 1.1.1.2:500 to 2.2.2.2:500, SPIs b3a2... 7bf9...`. */
export function messageText(direction: "sent" | "received", datagram: Uint8Array, { local, remote }: Path): string {
	const [from, to] = direction === "sent" ? [local, remote] : [remote, local];
	const way = `${datagram.length} octets, ${placeText(from)} to ${placeText(to)}`;
	const decoded = decodeIkeHeader(datagram);
	if (decoded.kind !== "done") return `${direction} what is no message of IKE, ${way}`;
	const { exchange, isResponse, messageId, initiatorSpi, responderSpi, version } = decoded.value;
	const name = version >> 4 === 2 ? (exchangeNames.get(exchange) ?? `exchange ${exchange}`) : `version ${version >> 4}`;
	const spis = [initiatorSpi, responderSpi].map((spi) => Buffer.from(spi).toString("hex")).join(" ");
	return `${direction} ${name} ${isResponse ? "response" : "request"} ${messageId}, ${way}, SPIs ${spis}`;
}

function placeText({ address, port }: Place): string {
	return `${formatAddress(address)}:${port}`;
}

const exchangeNames: ReadonlyMap<number, string> = new Map([
	[exchangeType.ikeSaInit, "IKE_SA_INIT"],
	[exchangeType.ikeAuth, "IKE_AUTH"],
	[exchangeType.createChildSa, "CREATE_CHILD_SA"],
	[exchangeType.informational, "INFORMATIONAL"],
	[exchangeType.ikeIntermediate, "IKE_INTERMEDIATE"],
	[exchangeType.ikeFollowupKe, "IKE_FOLLOWUP_KE"],
]);

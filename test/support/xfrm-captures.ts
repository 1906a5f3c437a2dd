/** Bodies of messages of XFRM and of a device as a kernel sent them (Linux 6.1, x64), for a unit st0.7 between 192.0.2.1 and 192.0.2.2. */
import captures from "../captures/xfrm/linux-6.1.json" with { type: "json" };

/** The octets of one of them. */
export function xfrmCapture(name: keyof typeof captures): Uint8Array {
	return Uint8Array.from(Buffer.from(captures[name], "hex"));
}

/** For programs of `runAlone`: datagrams from port 0, which nobody can answer and any raw socket can send. */

/** Defines `sendPortless(payload, port)`: from 127.0.0.1 port 0 to 127.0.0.1. */
export const portless = `
	const { openLinux } = await import("#base/linux-shell.ts");
	const { parseAddress: readAddress } = await import("#base/address.ts");
	const linuxOfPortless = await openLinux();
	const loopback = readAddress("127.0.0.1");
	const rawOfPortless = linuxOfPortless.rawSocket({ protocol: 17, local: loopback });
	const headerOfPortless = { trafficClass: 0, flowLabel: 0, mayFragment: true };
	const sendPortless = (payload, port) => {
		const header = Buffer.alloc(8);
		header.writeUInt16BE(port, 2);
		header.writeUInt16BE(8 + payload.length, 4);
		const sent = linuxOfPortless.sendPacket(rawOfPortless, Buffer.concat([header, payload]), { address: loopback, port: 0 }, headerOfPortless);
		if (sent !== "sent") throw new Error(sent);
	};
`;

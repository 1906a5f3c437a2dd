/** For programs of `runAlone`: datagrams from port 0, which nobody can answer and any raw socket can send. */

/** Defines `sendPortless(payload, port)`: from 127.0.0.1 port 0 to 127.0.0.1. */
export const portless = `
	const { openLinux } = await import("#base/linux-shell.ts");
	const { parseAddress: readAddress } = await import("#base/address.ts");
	const linuxOfPortless = await openLinux();
	const loopback = readAddress("127.0.0.1");
	const rawOfPortless = linuxOfPortless.rawSocket({ protocol: 17, local: loopback });
	const { openPacketCalls: callsOfPortless } = await import("#base/packet-calls-shell.ts");
	const { EspSender: SenderOfPortless } = await import("#esp/esp-sender-shell.ts");
	const { MemoryPlan: PlanOfPortless } = await import("#esp/memory-plan.ts");
	const { encodeSocketAddress: nameOfPortless } = await import("#base/socket-address.ts");
	const portlessCalls = await callsOfPortless();
	const portlessMemory = portlessCalls.memory(65_536);
	const portlessSender = new SenderOfPortless(portlessCalls, portlessMemory, new PlanOfPortless(1_024), () => {});
	portlessMemory.octets.set(nameOfPortless({ address: loopback, port: 0 }, true));
	const portlessPath = {
		socket: { descriptor: rawOfPortless, isIpv6: false, isEncapsulated: false, isFragmentable: true },
		remote: { address: loopback, port: 0 }, nameAt: 0, nameOctets: 16, mayJoin: false,
	};
	const sendPortless = (payload, port) => {
		const header = Buffer.alloc(8);
		header.writeUInt16BE(port, 2);
		header.writeUInt16BE(8 + payload.length, 4);
		portlessMemory.octets.set(Buffer.concat([header, payload]), 40_000);
		portlessSender.add(portlessPath, 40_000, 8 + payload.length, 0, 0, true);
		portlessSender.flush();
		if (portlessSender.lost > 0) throw new Error("a datagram was not sent");
	};
`;

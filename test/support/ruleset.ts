/** A configuration that has one of everything that the ruleset of the security policies can hold. */
import { type Address, parseAddress } from "#base/address.ts";

export const everyPolicy = `
	interfaces {
		eth1 { unit 0 { family { inet { address 10.0.0.1/8; } } } }
		ge-0/0/2 { device eth2; unit 0 { family { inet { address 192.0.2.1/24; } } } }
	}
	applications {
		application odd { term a protocol udp destination-port 1000-2000; term b protocol icmp icmp-type 8 icmp-code 0; }
		application-set web { application junos-http; application junos-https; }
	}
	schedulers { scheduler night { daily { start-time 20:00 stop-time 23:00; } } }
	security {
		address-book {
			near { address lan 10.1.0.0/16; address part 10.1.2.0/24; address hole { wildcard-address 10.0.0.11/255.0.0.255; }
				address-set all { address lan; address part; } attach { zone trust; } }
			global { address some { range-address 192.0.2.10 { to { 192.0.2.20; } } } address six 2001:db8::/32;
				address named { dns-name www.example; } }
		}
		zones {
			security-zone trust { interfaces { eth1.0; } }
			security-zone untrust { interfaces { ge-0/0/2.0; } }
			security-zone empty;
		}
		policies {
			from-zone trust to-zone untrust {
				policy web { match { source-address all; destination-address [ some six ]; application web; } then { permit; } }
				policy odd { match { source-address hole; destination-address any; application odd; } then { reject; } }
				policy but { match { source-address all; source-address-excluded; destination-address any; application any; } then { deny; } }
				policy late { match { source-address any; destination-address any; application any; } then { permit; } scheduler-name night; }
			}
			from-zone trust to-zone empty {
				policy none { match { source-address any; destination-address any; application any; } then { permit; } }
			}
			global {
				policy name { match { source-address any; destination-address named; application junos-icmp6-echo-request; } then { deny; } }
				policy ping { match { source-address any; destination-address any; application [ junos-ping junos-gre ]; } then { permit; } }
			}
		}
	}`;

/** The addresses of its only host name. */
export const everyPolicyHosts: ReadonlyMap<string, readonly Address[]> = new Map([
	["www.example", [parseAddress("198.51.100.7") as Address, parseAddress("2001:db8::7") as Address]],
]);

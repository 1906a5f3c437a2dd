/** Object identifiers of certificates, CRLs and OCSP, by the names that the RFCs give them. */

/** Certificate and CRL extensions (RFC 5280 §4.2, §5.2, §5.3; RFC 7633; RFC 6962; RFC 6960 §4.4). */
export const extensionOid = {
	subjectKeyIdentifier: "2.5.29.14",
	keyUsage: "2.5.29.15",
	subjectAltName: "2.5.29.17",
	issuerAltName: "2.5.29.18",
	basicConstraints: "2.5.29.19",
	crlNumber: "2.5.29.20",
	reasonCode: "2.5.29.21",
	invalidityDate: "2.5.29.24",
	deltaCrlIndicator: "2.5.29.27",
	issuingDistributionPoint: "2.5.29.28",
	certificateIssuer: "2.5.29.29",
	nameConstraints: "2.5.29.30",
	crlDistributionPoints: "2.5.29.31",
	certificatePolicies: "2.5.29.32",
	policyMappings: "2.5.29.33",
	authorityKeyIdentifier: "2.5.29.35",
	policyConstraints: "2.5.29.36",
	extendedKeyUsage: "2.5.29.37",
	freshestCrl: "2.5.29.46",
	inhibitAnyPolicy: "2.5.29.54",
	authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
	subjectInfoAccess: "1.3.6.1.5.5.7.1.11",
	tlsFeature: "1.3.6.1.5.5.7.1.24",
	signedCertificateTimestamps: "1.3.6.1.4.1.11129.2.4.2",
	precertificatePoison: "1.3.6.1.4.1.11129.2.4.3",
	ocspNonce: "1.3.6.1.5.5.7.48.1.2",
	ocspNoCheck: "1.3.6.1.5.5.7.48.1.5",
} as const;

/** Purposes in extendedKeyUsage (RFC 5280 §4.2.1.12). */
export const purposeOid = {
	any: "2.5.29.37.0",
	serverAuth: "1.3.6.1.5.5.7.3.1",
	clientAuth: "1.3.6.1.5.5.7.3.2",
	codeSigning: "1.3.6.1.5.5.7.3.3",
	emailProtection: "1.3.6.1.5.5.7.3.4",
	timeStamping: "1.3.6.1.5.5.7.3.8",
	ocspSigning: "1.3.6.1.5.5.7.3.9",
} as const;

/** Access methods in authorityInfoAccess (RFC 5280 §4.2.2.1). */
export const accessMethodOid = {
	ocsp: "1.3.6.1.5.5.7.48.1",
	caIssuers: "1.3.6.1.5.5.7.48.2",
} as const;

/** The policy that stands for every policy (RFC 5280 §4.2.1.4). */
export const anyPolicyOid = "2.5.29.32.0";

/** The basic OCSP response type (RFC 6960 §4.2.1). */
export const ocspBasicOid = "1.3.6.1.5.5.7.48.1.1";

/** Attribute types of distinguished names. */
export const attributeOid = {
	commonName: "2.5.4.3",
	surname: "2.5.4.4",
	serialNumber: "2.5.4.5",
	countryName: "2.5.4.6",
	localityName: "2.5.4.7",
	stateOrProvinceName: "2.5.4.8",
	streetAddress: "2.5.4.9",
	organizationName: "2.5.4.10",
	organizationalUnitName: "2.5.4.11",
	title: "2.5.4.12",
	givenName: "2.5.4.42",
	dnQualifier: "2.5.4.46",
	pseudonym: "2.5.4.65",
	organizationIdentifier: "2.5.4.97",
	userId: "0.9.2342.19200300.100.1.1",
	domainComponent: "0.9.2342.19200300.100.1.25",
	emailAddress: "1.2.840.113549.1.9.1",
} as const;

/** Attributes of requests and PKCS#12 bags (RFC 2985 §5.4.2, §5.5). */
export const pkcs9Oid = {
	extensionRequest: "1.2.840.113549.1.9.14",
	friendlyName: "1.2.840.113549.1.9.20",
	localKeyId: "1.2.840.113549.1.9.21",
} as const;

/** Content types of PKCS#7 (RFC 5652 §4, §5, §8). */
export const pkcs7Oid = {
	data: "1.2.840.113549.1.7.1",
	signedData: "1.2.840.113549.1.7.2",
	encryptedData: "1.2.840.113549.1.7.6",
} as const;

/** Bags of PKCS#12 (RFC 7292 §4.2). */
export const pkcs12BagOid = {
	key: "1.2.840.113549.1.12.10.1.1",
	encryptedKey: "1.2.840.113549.1.12.10.1.2",
	certificate: "1.2.840.113549.1.12.10.1.3",
	safeContents: "1.2.840.113549.1.12.10.1.6",
} as const;

/** The certificate type of a PKCS#12 bag (RFC 7292 §4.2.3). */
export const x509CertificateOid = "1.2.840.113549.1.9.22.1";

/** The short names that names are printed with (RFC 4514 §3 and common use). */
export const attributeShortName: Readonly<Record<string, string>> = {
	[attributeOid.commonName]: "CN",
	[attributeOid.surname]: "SN",
	[attributeOid.serialNumber]: "serialNumber",
	[attributeOid.countryName]: "C",
	[attributeOid.localityName]: "L",
	[attributeOid.stateOrProvinceName]: "ST",
	[attributeOid.streetAddress]: "STREET",
	[attributeOid.organizationName]: "O",
	[attributeOid.organizationalUnitName]: "OU",
	[attributeOid.title]: "title",
	[attributeOid.givenName]: "GN",
	[attributeOid.dnQualifier]: "dnQualifier",
	[attributeOid.pseudonym]: "pseudonym",
	[attributeOid.organizationIdentifier]: "organizationIdentifier",
	[attributeOid.userId]: "UID",
	[attributeOid.domainComponent]: "DC",
	[attributeOid.emailAddress]: "emailAddress",
};

/** Public key algorithms (RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881). */
export const keyAlgorithmOid = {
	rsa: "1.2.840.113549.1.1.1",
	rsaPss: "1.2.840.113549.1.1.10",
	ec: "1.2.840.10045.2.1",
	dsa: "1.2.840.10040.4.1",
	ed25519: "1.3.101.112",
	ed448: "1.3.101.113",
	mlDsa44: "2.16.840.1.101.3.4.3.17",
	mlDsa65: "2.16.840.1.101.3.4.3.18",
	mlDsa87: "2.16.840.1.101.3.4.3.19",
} as const;

/** Named curves (RFC 5480 §2.1.1.1, RFC 5639) and the size of their field in bits. */
export const curves: Readonly<Record<string, { readonly name: string; readonly bits: number }>> = {
	"1.2.840.10045.3.1.1": { name: "P-192", bits: 192 },
	"1.3.132.0.33": { name: "P-224", bits: 224 },
	"1.2.840.10045.3.1.7": { name: "P-256", bits: 256 },
	"1.3.132.0.10": { name: "secp256k1", bits: 256 },
	"1.3.132.0.34": { name: "P-384", bits: 384 },
	"1.3.132.0.35": { name: "P-521", bits: 521 },
	"1.3.36.3.3.2.8.1.1.7": { name: "brainpoolP256r1", bits: 256 },
	"1.3.36.3.3.2.8.1.1.11": { name: "brainpoolP384r1", bits: 384 },
	"1.3.36.3.3.2.8.1.1.13": { name: "brainpoolP512r1", bits: 512 },
};

/** Hash functions (RFC 8017 appendix B.1) by the name that node:crypto knows. */
export const hashName: Readonly<Record<string, string>> = {
	"1.3.14.3.2.26": "sha1",
	"2.16.840.1.101.3.4.2.1": "sha256",
	"2.16.840.1.101.3.4.2.2": "sha384",
	"2.16.840.1.101.3.4.2.3": "sha512",
	"2.16.840.1.101.3.4.2.4": "sha224",
};

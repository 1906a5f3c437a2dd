/**
 * Makes certificates, keys, requests, lists and containers with real programs and writes them into `pki-files.json`, with
 * the version of each program: files that tests read without starting anything, and that fuzz tests mutate.
 * Run it with the pinned Node: `node test/captures/pki/capture.ts`. The passphrase of every file is "secret".
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const configuration = `
[ca]
default_ca=own
[own]
database=index.txt
crlnumber=crlnumber
default_md=sha256
default_crl_days=7000
certificate=root.crt
private_key=root.key
crl_extensions=crl
[crl]
authorityKeyIdentifier=keyid
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[intermediate]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid,issuer
nameConstraints=critical,permitted;DNS:example,permitted;IP:192.0.2.0/255.255.255.0,permitted;email:example,excluded;DNS:bad.example,permitted;dirName:only
certificatePolicies=1.3.6.1.4.1.99999.1,@policy
policyConstraints=critical,requireExplicitPolicy:3,inhibitPolicyMapping:0
inhibitAnyPolicy=critical,2
policyMappings=1.3.6.1.4.1.99999.1:1.3.6.1.4.1.99999.2
[policy]
policyIdentifier=1.3.6.1.4.1.99999.2
CPS.1=http://ca.example/cps
userNotice.1=@notice
[notice]
explicitText=UTF8:Read this
[only]
O=Example AS
[leaf]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=DNS:shop.example,DNS:*.shop.example,IP:192.0.2.9,IP:2001:db8::9,email:a@shop.example,URI:https://shop.example/,dirName:only,RID:1.2.3,otherName:1.2.3.4;UTF8:other
tlsfeature=status_request
authorityInfoAccess=OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/ca.crt
crlDistributionPoints=point,URI:http://crl.example/2
certificatePolicies=1.3.6.1.4.1.99999.1
[point]
fullname=URI:http://crl.example/1
CRLissuer=dirName:only
reasons=keyCompromise,CACompromise
[req]
distinguished_name=none
req_extensions=asked
attributes=more
[none]
[more]
[asked]
subjectAltName=DNS:vpn.example,email:a@vpn.example
keyUsage=critical,digitalSignature
`;

const script = String.raw`
set -e
ec="ec -pkeyopt ec_paramgen_curve:P-256"
new="-days 7000 -sha256"
printf '[req]\ndistinguished_name=none\n[none]\n' > plain.cnf
openssl req -config all.cnf -x509 -newkey $ec -nodes -keyout root.key -out root.crt -subj "/C=NO/O=Example AS/CN=Root" $new -extensions root
openssl req -config all.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.csr -subj "/O=Example AS/CN=Zwischen-CA é" -utf8
openssl x509 -req -in ca.csr -CA root.crt -CAkey root.key -set_serial 0x80f1 $new -extfile all.cnf -extensions intermediate -out ca.crt
openssl req -config all.cnf -newkey $ec -nodes -keyout leaf.key -out leaf.csr -subj "/O=Example AS/CN=shop.example"
openssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -set_serial 0x1234567890abcdef1234567890abcdef $new -sha384 -extfile all.cnf -extensions leaf -out leaf.crt
openssl req -config plain.cnf -x509 -newkey ed25519 -nodes -keyout ed25519.key -out ed25519.crt -subj "/CN=ed25519" -days 7000
openssl req -config plain.cnf -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa-pss.crt -subj "/CN=rsa" $new -sigopt rsa_padding_mode:pss
openssl req -config all.cnf -new -key rsa.key -out rsa.csr -subj "/CN=vpn.example/emailAddress=a@vpn.example/serialNumber=12"
openssl x509 -req -in rsa.csr -key rsa.key $new -out version-1.crt
for name in root ca leaf ed25519 rsa-pss version-1; do openssl x509 -in $name.crt -outform DER -out certificate-$name.der; done
openssl req -in leaf.csr -outform DER -out request-p256.der
openssl req -in rsa.csr -outform DER -out request-rsa.der

openssl rsa -in rsa.key -traditional -out key-rsa-pkcs1.pem
openssl rsa -in rsa.key -traditional -aes256 -passout pass:secret -out key-rsa-encrypted.pem
openssl pkcs8 -topk8 -in leaf.key -scrypt -passout pass:secret -out key-p256-scrypt.pem
openssl pkcs8 -topk8 -in leaf.key -v2 des3 -v2prf hmacWithSHA1 -passout pass:secret -out key-p256-des3.pem
openssl pkcs8 -topk8 -in leaf.key -v1 PBE-SHA1-3DES -passout pass:secret -out key-p256-pbes1.pem
openssl pkcs8 -topk8 -in leaf.key -v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 5000 -outform DER -passout pass:secret -out key-p256-aes.der
openssl ec -in leaf.key -param_enc explicit -out key-p256-explicit.pem
(openssl ecparam -name prime256v1; openssl ec -in leaf.key) > key-p256-sec1.pem
openssl pkey -in ed25519.key -outform DER -out key-ed25519.der
openssl genpkey -algorithm DSA -genparam -pkeyopt dsa_paramgen_bits:1024 -out dsa.par && openssl genpkey -paramfile dsa.par -out key-dsa.pem
ssh-keygen -q -t ed25519 -N "" -C "" -f key-openssh.pem && rm key-openssh.pem.pub

cat ca.crt root.crt > chain.pem
p12="openssl pkcs12 -export -in leaf.crt -inkey leaf.key -certfile chain.pem -name shop -passout pass:secret"
$p12 -out pkcs12-openssl.p12
$p12 -legacy -out pkcs12-rc2.p12
$p12 -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -out pkcs12-3des.p12
$p12 -nomac -out pkcs12-without-mac.p12
$p12 -caname ca -caname root -out pkcs12-aliases.p12
openssl pkcs12 -export -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -in leaf.crt -inkey leaf.key -passout pass: -out pkcs12-empty-passphrase.p12
openssl pkcs12 -export -nokeys -in chain.pem -passout pass:secret -out pkcs12-certificates.p12
keytool -importkeystore -srckeystore pkcs12-openssl.p12 -srcstorepass secret -destkeystore pkcs12-java.p12 -deststoretype PKCS12 -deststorepass secret
keytool -importcert -noprompt -alias other -file ed25519.crt -keystore pkcs12-java.p12 -storepass secret
mkdir db && certutil -N -d db --empty-password && pk12util -i pkcs12-openssl.p12 -d db -W secret && pk12util -o pkcs12-nss.p12 -n shop -d db -W secret

openssl crl2pkcs7 -nocrl -certfile leaf.crt -certfile chain.pem -outform DER -out pkcs7.p7b
openssl crl2pkcs7 -nocrl -certfile leaf.crt -certfile chain.pem -out pkcs7.pem
echo hello | openssl cms -sign -signer leaf.crt -inkey leaf.key -certfile chain.pem -stream -nodetach -outform DER -out pkcs7-indefinite.p7b

printf 'V\t401231235959Z\t\t1001\tunknown\t/CN=a\nR\t401231235959Z\t260101000000Z,keyCompromise\t1002\tunknown\t/CN=b\nR\t401231235959Z\t260101000000Z,CACompromise,20250101000000Z\t1003\tunknown\t/CN=c\n' > index.txt
echo 05 > crlnumber
openssl ca -config all.cnf -gencrl -out crl.pem && openssl crl -in crl.pem -outform DER -out crl.der
openssl ocsp -issuer root.crt -serial 0x1001 -serial 0x1002 -serial 0x1009 -no_nonce -reqout ocsp-request.der
openssl ocsp -index index.txt -CA root.crt -rsigner root.crt -rkey root.key -reqin ocsp-request.der -ndays 7000 -respout ocsp-response.der
`;

const folder = mkdtempSync(join(tmpdir(), "capture-"));
writeFileSync(join(folder, "all.cnf"), configuration);
try {
	execFileSync("bash", ["-c", script], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
	const kept = readdirSync(folder).filter((file) => /^(?:certificate|request|key|pkcs12|pkcs7|crl|ocsp)[-.].*(?:der|pem|p12|p7b)$/.test(file));
	const files = Object.fromEntries(kept.map((file) => [file, readFileSync(join(folder, file), "base64")]));
	const first = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" }).split("\n")[0];
	const programs = [first("openssl", "version"), `keytool of ${first("java", "--version")}`, "pk12util of NSS"];
	const target = join(import.meta.dirname, "pki-files.json");
	writeFileSync(target, `${JSON.stringify({ programs, files }, undefined, "\t")}\n`);
	console.log(`${kept.length} files`);
} finally {
	rmSync(folder, { recursive: true });
}

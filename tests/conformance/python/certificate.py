"""Makes a key with a certificate, as an application registers one, and a key that fits none."""

import datetime
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(private):
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


private = key()
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Larkspur reports")])
now = datetime.datetime.now(datetime.timezone.utc)
certificate = (
    x509.CertificateBuilder()
    .subject_name(name)
    .issuer_name(name)
    .public_key(private.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=365))
    .sign(private, hashes.SHA256())
)
public = certificate.public_bytes(serialization.Encoding.PEM).decode()
thumbprints = {kind.name: certificate.fingerprint(kind).hex() for kind in (hashes.SHA1(), hashes.SHA256())}

Path("key.pem").write_text(pem(private))
Path("certificate.pem").write_text(public)
Path("key-and-certificate.pem").write_text(pem(private) + public)
Path("thumbprints.json").write_text(json.dumps(thumbprints))
Path("other-key.pem").write_text(pem(key()))
print("done", flush=True)

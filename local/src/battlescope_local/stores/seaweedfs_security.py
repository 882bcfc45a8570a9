"""Access to SeaweedFS: only who knows the node's secrets gives it orders, on each of its ports.

S3 checks signatures. The HTTP ports of filer and volumes take requests with a JWT that SeaweedFS itself signs, the gRPC
ports those with a certificate of the node. Without both, every user of the machine could list and erase the archive.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from battlescope_local.stores.state_file import write_private

CONFIG_FILE: Final = "security.toml"
JWT_KEYS: Final = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
GRPC_PARTS: Final = ("master", "volume", "filer", "s3", "admin", "worker", "msg_broker", "msg_agent", "mq", "client")
COMMON_NAME: Final = "battlescope"
VALIDITY: Final = timedelta(days=3650)  # a new certificate is made at each start


def configure_security(folder: Path, jwt_keys: Mapping[str, str]) -> None:
    """Configure the SeaweedFS that starts in `folder`, with one key for each of `JWT_KEYS` and a new certificate."""
    certificate, key = folder / "grpc.crt", folder / "grpc.key"
    certificate_text, key_text = _make_certificate()
    write_private(certificate, certificate_text)
    write_private(key, key_text)
    sections = [
        *(_section(name, key=jwt_keys[name]) for name in JWT_KEYS),
        _section("grpc", ca=str(certificate)),
        *(_section(f"grpc.{part}", cert=str(certificate), key=str(key)) for part in GRPC_PARTS),
        "[filer.expose_directory_metadata]\nenabled = false\n",
    ]
    write_private(folder / CONFIG_FILE, "\n".join(sections))


def _section(name: str, **values: str) -> str:
    return "".join([f"[{name}]\n", *(f"{key} = {json.dumps(value)}\n" for key, value in values.items())])


def _make_certificate() -> tuple[str, str]:
    """A certificate that signs itself, for both sides of each gRPC connection, and its key; PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COMMON_NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks may be set back
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), key_text.decode()

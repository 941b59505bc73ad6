"""The check of a signature, offline, with the public key alone.

By hand: `openssl dgst -sha256 -verify public-key.pem -signature signature.der seal.json`.

An ECDSA signature is a pair (R, S), and (R, order - S) is one too, which anybody can work out. Bundles have
the lower S, so that nobody can spell a signature anew. KMS gives either.
"""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

ECDSA, PKCS1 = "ECDSA_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"
"""The names that KMS uses (AWS KMS, *Sign*)."""

ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
"""The order of each curve whose keys KMS signs with by `ECDSA`."""
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class NoKey(ValueError):  # noqa: N818
    """The text is no public key that can sign a bundle."""


def public_key(pem: bytes) -> PublicKey:
    """Return an EC key, or an RSA key of at most 4096 bits.

    The bound makes checking end soon. The text must be the key and nothing else: a bundle has a key inside.
    Raises `NoKey`.
    """
    if not pem.strip().startswith(b"-----BEGIN"):
        raise NoKey("no public key in PEM form")
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NoKey("no public key in PEM form") from error
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 4096:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise NoKey("expected an elliptic-curve key, or an RSA key of 2048 to 4096 bits")


def spelled(key: PublicKey) -> bytes:
    """Return the key as PEM, in the one spelling that a bundle has."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: PublicKey) -> str:
    """Return the SHA-256 of the key as DER (SubjectPublicKeyInfo), in hex."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def holds(key: PublicKey, algorithm: str, signature: bytes, message: bytes) -> bool:
    """Return True where the owner of `key` signed `message` with `signature`."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if algorithm != ECDSA:
                return False
            key.verify(signature, message, ec.ECDSA(SHA256()))
        else:
            if algorithm != PKCS1:
                return False
            key.verify(signature, message, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def low(key: PublicKey, signature: bytes) -> bytes:
    """Return the signature with the lower S.

    What is no ECDSA signature of a known curve is returned as it is.
    """
    order = ORDERS.get(key.curve.name) if isinstance(key, ec.EllipticCurvePublicKey) else None
    if order is None:
        return signature
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return signature
    return encode_dss_signature(r, min(s, order - s))

"""Checking a signature offline, with the public key alone.

By hand: `openssl dgst -sha256 -verify public-key.pem -signature signature.der seal.json`.
"""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

ECDSA, PKCS1 = "ECDSA_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"
"""As KMS names them (AWS KMS, *Sign*)."""

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class NoKey(ValueError):  # noqa: N818
    """What should be a public key is none that a bundle can be signed with."""


def public_key(pem: bytes) -> PublicKey:
    """An EC or RSA key (of at most 4096 bits, so that checking ends soon). Raises `NoKey`."""
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
    """The key as PEM, in the one spelling that a bundle has."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: PublicKey) -> str:
    """SHA-256 of the key as DER (SubjectPublicKeyInfo), in hex."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def holds(key: PublicKey, algorithm: str, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is of `message`, by the owner of `key`."""
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

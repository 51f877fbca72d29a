"""The callbacks of WeCom and WeChat, which are signed and sealed alike.

Their scheme: https://developer.work.weixin.qq.com/document/path/90968
"""

import base64
import hashlib
import hmac
import os
import struct
from datetime import datetime, timedelta
from typing import ClassVar
from xml.etree.ElementTree import ParseError

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from api.http.problems import Forged, Problem

WINDOW = timedelta(minutes=5)
"""How far the time that a callback was signed at may be from now, so that one overheard can't be replayed later."""

_KEY = 32
_BLOCK = 32
_RANDOM = 16
_LENGTH = 4


class Unreadable(Problem):
    status: ClassVar[int] = 400
    code: ClassVar[str] = "unreadable"
    title: ClassVar[str] = "The body isn't the XML of a callback"


def sign(token: str, timestamp: str, nonce: str, *parts: str) -> str:
    """SHA-1 over what is signed, sorted and joined, in hexadecimal."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, *parts))).encode()).hexdigest()


def verify(token: str, timestamp: str, nonce: str, *parts: str, signature: str, now: datetime) -> None:
    """Make sure that who signed knows the `token`, and signed just now.

    `timestamp` is in seconds since 1970; `parts` holds the encrypted message, if there is one. Raises Forged.
    """
    if not hmac.compare_digest(sign(token, timestamp, nonce, *parts).encode(), signature.encode()):
        raise Forged("The signature is wrong.")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 11):
        raise Forged("The timestamp is no time.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise Forged(f"The timestamp is more than {WINDOW.seconds // 60} minutes away from now.")


def aes_key(encoding_aes_key: str) -> bytes:
    """The key that the provider's console shows as 43 characters. Raises ValueError if it isn't one."""
    try:
        key = base64.b64decode(f"{encoding_aes_key}=", validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY:
        raise ValueError("must be the 43 characters of the EncodingAESKey")
    return key


def decrypt(key: bytes, encrypted: str, receive_id: str) -> bytes:
    """The message inside `encrypted`. Raises Forged if it isn't one, or is for another receiver."""
    try:
        sealed = base64.b64decode(encrypted, validate=True)
        decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        pad = padded[-1]
        if not 1 <= pad <= _BLOCK or padded[-pad:] != bytes([pad]) * pad:
            raise ValueError("padding")
        content = padded[_RANDOM:-pad]
        (length,) = struct.unpack(">I", content[:_LENGTH])
    except (ValueError, IndexError, struct.error):
        raise Forged("The message can't be decrypted.") from None
    message, receiver = content[_LENGTH : _LENGTH + length], content[_LENGTH + length :]
    if len(message) != length or not hmac.compare_digest(receiver, receive_id.encode()):
        raise Forged("The message is for another receiver.")
    return message


def encrypt(key: bytes, message: bytes, receive_id: str) -> str:
    """The message as only the provider and we can read it."""
    content = os.urandom(_RANDOM) + struct.pack(">I", len(message)) + message + receive_id.encode()
    pad = _BLOCK - len(content) % _BLOCK
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(content + bytes([pad]) * pad) + encryptor.finalize()).decode()


def fields(xml: bytes) -> dict[str, str]:
    """The elements of a flat XML message, by name. Raises Unreadable for anything else, and for entities."""
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unreadable from None
    return {child.tag: (child.text or "").strip() for child in root}

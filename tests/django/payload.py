"""The `session_data` column taken apart: `[.]base64(JSON):timestamp:signature`."""

import base64
import zlib

from django.core.signing import BadSignature, JSONSerializer, Signer, TimestampSigner, b62_decode, b62_encode

SALT = "django.contrib.sessions.SessionStore"


class Verbatim:
    """Stands where Django wants a serializer, and lets any bytes through."""

    def dumps(self, value):
        return value


def signed(value, secret_key, salt=SALT):
    """A payload as Django would store it; bytes are signed as they stand, JSON or not."""
    serializer = Verbatim if isinstance(value, bytes) else JSONSerializer
    return signer(secret_key, salt).sign_object(value, serializer=serializer, compress=True)


def signed_again(session_data, secret_key, salt, moment):
    """The same data, as if it had been signed in that second since 1970."""
    return Signer(key=secret_key, salt=salt, fallback_keys=[]).sign(f"{packed(session_data)}:{b62_encode(moment)}")


def is_signed_with(session_data, secret_key, salt=SALT):
    try:
        signer(secret_key, salt).unsign(session_data)
    except BadSignature:
        return False
    return True


def signer(secret_key, salt=SALT):
    # The empty list keeps Django from looking for its settings, which this process has none of.
    return TimestampSigner(key=secret_key, salt=salt, fallback_keys=[])


def packed(session_data):
    """The part before the timestamp: what the data alone decides."""
    return session_data.rsplit(":", 2)[0]


def is_compressed(session_data):
    return session_data.startswith(".")


def signed_at(session_data):
    """The second, since 1970, in which the payload was signed."""
    return b62_decode(session_data.rsplit(":", 2)[1])


def json_text(session_data):
    """The JSON text inside, whoever signed it."""
    text = packed(session_data)
    data = base64.urlsafe_b64decode(text.removeprefix(".") + "=" * (-len(text.removeprefix(".")) % 4))
    return (zlib.decompress(data) if is_compressed(session_data) else data).decode("latin-1")

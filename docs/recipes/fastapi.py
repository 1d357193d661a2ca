"""Verifies Latchkey's access tokens in FastAPI. Needs fastapi and PyJWT[crypto] 2.6 or newer.

It does not know revocations: after a logout or the loss of a role a token is accepted until it expires, 15 minutes at
most. If that is too long, put a proxy in front of the API that asks Latchkey about each request (docs/forward-auth.md),
or follow Latchkey's feed of revocations, GET /revocations.
"""

import os
import time
from dataclasses import dataclass

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER = os.environ["LATCHKEY_ISSUER"]  # Latchkey's JWT_ISSUER
AUDIENCE = os.environ.get("LATCHKEY_AUDIENCE", "latchkey")  # one of Latchkey's JWT_AUDIENCE
# The one accepted algorithm. It comes from the settings and never from the token, so that a public key cannot be used as
# an HMAC secret. With HS256 the key is Latchkey's SECRET_KEY, otherwise one of the published keys.
ALGORITHM = os.environ.get("LATCHKEY_ALGORITHM", "ES256")
SECRET_KEY = os.environ["LATCHKEY_SECRET_KEY"] if ALGORITHM.startswith("HS") else None
JWKS_URL = os.environ.get("LATCHKEY_JWKS_URL", f"{ISSUER}/.well-known/jwks.json")

LEEWAY_SECONDS = 5
TOKEN_MAX = 8192
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "sid", "client_id", "scope", "ver"]


class Keys:
    """The published keys by `kid`, fetched every five minutes, and for an unknown `kid` at most once in ten seconds."""

    SECONDS_BETWEEN_SEARCHES = 10

    def __init__(self, url):
        self.client = jwt.PyJWKClient(url, lifespan=300)
        self.searched = float("-inf")

    def find(self, kid):
        key = self.among(self.client.get_signing_keys(), kid)
        if key is None and time.monotonic() - self.searched > self.SECONDS_BETWEEN_SEARCHES:
            self.searched = time.monotonic()
            key = self.among(self.client.get_signing_keys(refresh=True), kid)
        if key is None:
            raise jwt.InvalidTokenError("unknown kid")
        return key

    @staticmethod
    def among(keys, kid):
        return next((key.key for key in keys if key.key_id == kid), None)


keys = None if SECRET_KEY else Keys(JWKS_URL)


@dataclass(frozen=True)
class Caller:
    user: str
    session: str
    scopes: frozenset


def refusal(status, challenge, detail):
    return HTTPException(status, detail, {"WWW-Authenticate": challenge})


def invalid(detail="Could not validate credentials"):
    return refusal(401, f'Bearer error="invalid_token", error_description="{detail}"', detail)


def bearer_token(request):
    headers = request.headers.getlist("authorization")
    if not headers:
        raise refusal(401, "Bearer", "Not authenticated")
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or len(token) > TOKEN_MAX:
        raise invalid()
    return token


def verified(token):
    header = jwt.get_unverified_header(token)
    if header.get("alg") != ALGORITHM or header.get("typ") != "at+jwt" or "crit" in header:
        raise jwt.InvalidTokenError("not an access token")
    claims = jwt.decode(
        token,
        SECRET_KEY or keys.find(header.get("kid")),
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        leeway=LEEWAY_SECONDS,
        options={"require": REQUIRED},
    )
    # The leeway is for an issuer whose clock runs ahead; it must not delay expiry, as PyJWT would.
    if claims["exp"] <= time.time():
        raise jwt.ExpiredSignatureError("expired")
    if claims.get("type") != "access" or not all(isinstance(claims[name], str) for name in ("sub", "sid", "scope")):
        raise jwt.InvalidTokenError("not an access token")
    return claims


def access(*scopes):
    """A dependency that returns the caller and requires a valid token with all these scopes."""

    def caller(request: Request) -> Caller:
        token = bearer_token(request)
        try:
            claims = verified(token)
        except jwt.ExpiredSignatureError:
            raise invalid("Token has expired")
        except jwt.InvalidTokenError:
            raise invalid()
        except (jwt.PyJWTError, OSError):  # The keys could not be fetched; the token may be valid.
            raise HTTPException(503, "The keys cannot be read", {"Retry-After": "1"})
        held = frozenset(claims["scope"].split())
        if not held.issuperset(scopes):
            challenge = f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"'
            raise refusal(403, challenge, "Not enough permissions")
        return Caller(claims["sub"], claims["sid"], held)

    return caller


app = FastAPI()


@app.get("/tasks")
def tasks(caller: Caller = Depends(access())):
    return {"user": caller.user}


@app.get("/reports")
def reports(caller: Caller = Depends(access("reports:read"))):
    return {"user": caller.user}

"""Checks Latchkey's access tokens in FastAPI. Needs fastapi and PyJWT[crypto] 2.6 or newer.

It does not hear of revocations: whoever logs out, or loses a role, is let in until the token expires, 15 minutes at
most. Where that is too long, put a proxy before the API that asks the service about each request (docs/forward-auth.md),
or follow the service's feed, GET /revocations.
"""

import os
import time
from dataclasses import dataclass

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER = os.environ["LATCHKEY_ISSUER"]  # JWT_ISSUER of the service
AUDIENCE = os.environ.get("LATCHKEY_AUDIENCE", "latchkey")  # one of its JWT_AUDIENCE
# One algorithm, from the settings and never from the token: with HS256 the key is SECRET_KEY, otherwise the published
# ones. A token of any other algorithm is refused, so a public key is never taken for a secret.
ALGORITHM = os.environ.get("LATCHKEY_ALGORITHM", "ES256")
SECRET_KEY = os.environ["LATCHKEY_SECRET_KEY"] if ALGORITHM.startswith("HS") else None
JWKS_URL = os.environ.get("LATCHKEY_JWKS_URL", f"{ISSUER}/.well-known/jwks.json")

LEEWAY_SECONDS = 5
TOKEN_MAX = 8192
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "sid", "client_id", "scope", "ver"]


class Keys:
    """The published keys by `kid`: read again every five minutes, and for a new `kid`, but not for every made-up one."""

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
    # PyJWT adds the leeway to the end of a token's life too. It is for a clock that runs ahead, and lengthens nothing.
    if claims["exp"] <= time.time():
        raise jwt.ExpiredSignatureError("expired")
    if claims.get("type") != "access" or not all(isinstance(claims[name], str) for name in ("sub", "sid", "scope")):
        raise jwt.InvalidTokenError("not an access token")
    return claims


def access(*scopes):
    """A dependency: the caller, whose token is good and has these scopes."""

    def caller(request: Request) -> Caller:
        token = bearer_token(request)
        try:
            claims = verified(token)
        except jwt.ExpiredSignatureError:
            raise invalid("Token has expired")
        except jwt.InvalidTokenError:
            raise invalid()
        except (jwt.PyJWTError, OSError):  # The keys could not be read: that says nothing about the token.
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

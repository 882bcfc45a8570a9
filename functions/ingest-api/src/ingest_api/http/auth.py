"""Authorization of write requests. One shared token, until there are user accounts; then only this module changes."""

from secrets import compare_digest
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

if TYPE_CHECKING:
    from pydantic import SecretStr

_BEARER: Final = HTTPBearer(auto_error=False, description="The value of DEVELOPMENT_TOKEN, until accounts exist.")


def require_token(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> None:
    """Let only requests with the shared token through.

    Raises:
        HTTPException: writes are disabled (403), or the token is missing or wrong (401).
    """
    token: SecretStr | None = request.app.state.token
    if token is None or not token.get_secret_value():
        raise HTTPException(403, "Writes are disabled: DEVELOPMENT_TOKEN is not configured.")
    supplied = credentials.credentials if credentials else ""
    if not compare_digest(supplied.encode(), token.get_secret_value().encode()):
        message = "Write requests need the header `Authorization: Bearer <token>` with the right token."
        raise HTTPException(401, message, headers={"www-authenticate": "Bearer"})


RequiresToken = Depends(require_token)
AUTH_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "The token is missing or wrong."},
    403: {"description": "Writes are disabled: DEVELOPMENT_TOKEN is not configured."},
}

"""Who may write. A shared token stands in until there are accounts; then only this module changes."""

from secrets import compare_digest
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

if TYPE_CHECKING:
    from pydantic import SecretStr

_BEARER: Final = HTTPBearer(auto_error=False, description="The token DEVELOPMENT_TOKEN, until there are accounts.")


def require_token(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> None:
    """Let through whoever knows the token.

    Raises:
        HTTPException: writing is switched off (403), or the token is missing or wrong (401).
    """
    token: SecretStr | None = request.app.state.token
    if token is None or not token.get_secret_value():
        raise HTTPException(403, "Nobody may write here: this service was given no DEVELOPMENT_TOKEN.")
    supplied = credentials.credentials if credentials else ""
    if not compare_digest(supplied.encode(), token.get_secret_value().encode()):
        said = "Writing needs the header `Authorization: Bearer <token>` with the right token."
        raise HTTPException(401, said, headers={"www-authenticate": "Bearer"})


RequiresToken = Depends(require_token)
AUTH_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "The token is missing or wrong."},
    403: {"description": "Nobody may write here."},
}

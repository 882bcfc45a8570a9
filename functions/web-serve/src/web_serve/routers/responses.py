"""Answers with a representation in the coding that the client accepts."""

from fastapi import Request
from fastapi.responses import Response

from battlescope_events.http_api.compression import accepts_coding, compressed_etag
from battlescope_events.http_api.conditional import matches_weakly
from web_serve.domain.representation import Representation


def respond(request: Request, resource: Representation, cache_control: str) -> Response:
    """The resource with an ETag for each coding; 304 if the client has it in any of them."""
    accepted = ",".join(request.headers.getlist("accept-encoding"))
    coding = next((coding for coding in resource.encoded if accepts_coding(coding, accepted)), None)
    etag = resource.etag if coding is None else compressed_etag(resource.etag, coding)
    headers = {"cache-control": cache_control, "etag": etag, "vary": "Accept-Encoding"}
    known = ", ".join(request.headers.getlist("if-none-match"))
    etags = (resource.etag, *(compressed_etag(resource.etag, other) for other in resource.encoded))
    if any(matches_weakly(known, tag) for tag in etags):
        return Response(status_code=304, headers=headers)
    if coding is not None:
        headers["content-encoding"] = coding
    content = resource.content if coding is None else resource.encoded[coding]
    return Response(content, headers={**headers, "content-type": resource.media_type})

"""Serve the symbol master beside the REST paths, without keys, as KIS's download host does."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kis_terminal.adapters.simulator.serving.venue import Venue


def master_route(venue: Venue) -> Route:
    """Return the route of `/common/master/{file}`; a name that is not published answers 404."""

    async def download(request: Request) -> Response:
        # Imported late: zipfile costs milliseconds that the start does not have.
        from kis_terminal.adapters.simulator.serving.master_files import FILE_NAMES, master_zip

        name = request.path_params["file"]
        if name not in FILE_NAMES:
            return Response(status_code=404)
        return Response(master_zip(venue.exchange.listings(), name), media_type="application/zip")

    return Route("/common/master/{file}", download, methods=["GET"])

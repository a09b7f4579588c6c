"""Jobs by HTTP: an ASGI app that starts them, and says how they ended.

Everything but ``/`` and ``/ready`` needs a bearer token: an OIDC token, as Cloud Scheduler sends
it, or for development a fixed one.

FastAPI looks at annotations while the program runs, so they are not put off here.
"""

import asyncio
import hmac
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal, Protocol, get_args

import jwt
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict

from worktaps.check import faults
from worktaps.exporter import Exporter
from worktaps.project import Project
from worktaps.starting import BusyError, EngineError, Starter, UnknownRunError

_GOOGLE: Final = "https://accounts.google.com"
_POLL_SECONDS: Final = 1.0
_LEEWAY_SECONDS: Final = 30
_ALGORITHMS: Final = ("RS256", "ES256")

Mode = Literal["refresh", "full_reindex"]


class RefusedError(Exception):
    """A request that is not carried out.

    Args:
        status: HTTP status of the answer.
        text: What is wrong, and what to do.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Keys(Protocol):
    """Finds the key that a token is signed with."""

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """Return it; raises ``jwt.PyJWTError`` if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do something.

    Attributes:
        audience: What OIDC tokens have to be meant for: the URL of the service.
        issuer: Who has to have made them.
        emails: Service accounts that may come.
        keys: Finds the issuer's keys.
        fixed: A token that is good without OIDC; for development.
    """

    audience: str = ""
    issuer: str = _GOOGLE
    emails: frozenset[str] = frozenset()
    keys: Keys | None = None
    fixed: str = ""

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> "Access":
        """Read the settings.

        Raises:
            ValueError: If nobody could come, or anybody.
        """
        audience = env.get("WORKTAPS_OIDC_AUDIENCE", "")
        fixed = env.get("WORKTAPS_TOKEN", "")
        emails = frozenset(filter(None, env.get("WORKTAPS_OIDC_EMAILS", "").split(",")))
        if not audience and not fixed:
            msg = (
                "Set WORKTAPS_OIDC_AUDIENCE and WORKTAPS_OIDC_EMAILS, or for development "
                "WORKTAPS_TOKEN: else nobody could start a job"
            )
            raise ValueError(msg)
        if audience and not emails:
            msg = "Set WORKTAPS_OIDC_EMAILS to the service accounts that may come: else all could"
            raise ValueError(msg)
        issuer = env.get("WORKTAPS_OIDC_ISSUER", _GOOGLE)
        url = env.get("WORKTAPS_OIDC_KEYS_URL", "https://www.googleapis.com/oauth2/v3/certs")
        return cls(audience, issuer, emails, jwt.PyJWKClient(url) if audience else None, fixed)

    def admit(self, token: str) -> None:
        """Let a caller in.

        Raises:
            RefusedError: If the token is none, is not for this service, or is somebody else's.
        """
        if self.fixed and hmac.compare_digest(token.encode(), self.fixed.encode()):
            return
        if self.keys is None:
            raise RefusedError(401, "The token is not the one in WORKTAPS_TOKEN")
        try:
            claims = jwt.decode(
                token,
                self.keys.get_signing_key_from_jwt(token),
                algorithms=_ALGORITHMS,
                audience=self.audience,
                issuer=self.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.PyJWKClientConnectionError:
            raise RefusedError(503, "The issuer's keys cannot be read; try again") from None
        except jwt.ExpiredSignatureError:
            raise RefusedError(401, "The token has expired; get a new one") from None
        except jwt.InvalidAudienceError:
            msg = f"The token is for another service; ask for the audience {self.audience}"
            raise RefusedError(401, msg) from None
        except jwt.InvalidIssuerError:
            raise RefusedError(401, f"The token is not from {self.issuer}") from None
        except jwt.PyJWTError:
            raise RefusedError(401, "The token is not valid") from None
        if claims.get("email") not in self.emails or claims.get("email_verified") is not True:
            raise RefusedError(403, "This account may not come; see WORKTAPS_OIDC_EMAILS")


class Asked(BaseModel):
    """What may be said when a job is started."""

    model_config = ConfigDict(extra="forbid")

    job: str | None = None
    """Name of the job, if it is not the one in ``annotations: orchestrator: service``."""
    wait: bool = False
    """Whether to answer only when it has ended."""


class Answer(BaseModel):
    """A run, or why there is none."""

    status: Literal["started", "running", "success", "error"]
    mode: str | None = None
    days: int | None = None
    message: str | None = None
    error: str | None = None
    run_id: str | None = None
    job: str | None = None
    records: dict[str, int] | None = None


@dataclass(slots=True)
class Service:
    """The service's parts.

    Attributes:
        project: Whose jobs.
        access: Who may start them.
        starter: Starts them.
        env: Environment variables, among which the secrets have to be.
    """

    project: Project
    access: Access
    starter: Starter
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def application(self) -> FastAPI:
        """Return the ASGI app."""
        app = FastAPI(
            title="Worktaps",
            summary="Starts the jobs of meltano.yml.",
            version=version("worktaps-orchestrate"),
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            responses={
                401: {"model": Answer, "description": "No token, or one that is not valid"},
                403: {"model": Answer, "description": "A token of an account that may not come"},
            },
        )
        app.add_exception_handler(RefusedError, _refused)  # type: ignore[arg-type]  # narrower
        app.add_exception_handler(RequestValidationError, _not_understood)  # type: ignore[arg-type]
        self._add_pages(app)
        self._add_runs(app)
        return app

    def _add_pages(self, app: FastAPI) -> None:
        @app.get("/", summary="Service information", responses={})
        def about() -> dict[str, Any]:
            return {
                "service": "worktaps",
                "version": version("worktaps-orchestrate"),
                "endpoints": list(app.openapi()["paths"]),
            }

        @app.get("/health", summary="Whether it is up", dependencies=[self._guard()])
        def health() -> dict[str, str]:
            return {
                "status": "healthy",
                "service": "worktaps",
                "version": version("worktaps-orchestrate"),
            }

        @app.get("/ready", summary="Whether jobs could be started")
        def ready(response: Response) -> dict[str, Any]:
            found = faults(self.project, environment=None, env=self.env)
            response.status_code = 503 if found else 200
            return {"status": "not ready" if found else "ready", "faults": found}

        @app.get("/metrics", summary="Metrics for Prometheus", dependencies=[self._guard()])
        def metrics() -> Response:
            text = Exporter(self.project).text()
            return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    def _add_runs(self, app: FastAPI) -> None:
        def add(mode: Mode, summary: str) -> None:
            @app.post(
                f"/sync/{mode}",
                name=mode,
                summary=summary,
                status_code=202,
                response_model_exclude_none=True,
                dependencies=[self._guard()],
                responses={409: {"model": Answer, "description": "A run is under way"}},
            )
            async def start(response: Response, asked: Asked | None = None) -> Answer:
                answer = await asyncio.to_thread(self._start, mode, asked or Asked())
                if not (asked and asked.wait):
                    return answer
                while answer.status in ("started", "running"):
                    await asyncio.sleep(_POLL_SECONDS)
                    answer = await asyncio.to_thread(self._look, str(answer.run_id))
                response.status_code = 200 if answer.status == "success" else 500
                return answer

        add("refresh", "Read what has changed")
        add("full_reindex", "Read everything again")

        @app.get(
            "/runs/{run_id}",
            summary="How a run is doing",
            response_model_exclude_none=True,
            dependencies=[self._guard()],
            responses={404: {"model": Answer, "description": "No such run"}},
        )
        def run(run_id: str) -> Answer:
            return self._look(run_id)

    def _start(self, mode: Mode, asked: Asked) -> Answer:
        options = self.project.options["service"]
        name = asked.job or options.get(mode)
        known = ", ".join(self.project.jobs)
        if name is None:
            msg = (
                f"Name a job, or set annotations: orchestrator: service: {mode}. There are {known}"
            )
            raise RefusedError(422, msg)
        if name not in self.project.jobs:
            raise RefusedError(404, f"No job is named {name}. There are {known}")
        try:
            run_id = self.starter.start(self.project.jobs[name], mode)
        except BusyError as error:
            raise RefusedError(409, str(error)) from None
        except EngineError as error:
            raise RefusedError(502, str(error)) from None
        return Answer(status="started", run_id=run_id, job=name, **self._about(mode))

    def _look(self, run_id: str) -> Answer:
        try:
            seen = self.starter.look(run_id)
        except UnknownRunError:
            raise RefusedError(404, f"No run has the id {run_id}") from None
        except EngineError as error:
            raise RefusedError(502, str(error)) from None
        mode = seen.mode
        about = self._about(mode)
        if seen.state == "running":
            return Answer(status="running", run_id=run_id, job=seen.job, **about)
        if seen.state == "error":
            return Answer(status="error", error=seen.error, run_id=run_id, job=seen.job, **about)
        message = f"{seen.job} {mode.replace('_', ' ')} completed successfully"
        return Answer(
            status="success",
            message=message,
            records=dict(seen.records),
            run_id=run_id,
            job=seen.job,
            **about,
        )

    def _about(self, mode: str) -> dict[str, Any]:
        days = self.project.options["service"].get("days") if mode == "refresh" else None
        return {"mode": mode, "days": days}

    def _guard(self) -> Any:  # noqa: ANN401 - FastAPI's
        bearer = HTTPBearer(auto_error=False, description="OIDC token, or WORKTAPS_TOKEN")

        def admit(
            given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
        ) -> None:
            if given is None:
                raise RefusedError(401, "Send a token: Authorization: Bearer ...")
            self.access.admit(given.credentials)

        return Depends(admit)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(self.starter.close)


async def _refused(request: Request, error: RefusedError) -> JSONResponse:
    response = _error(request, error.status, str(error))
    if error.status == 401:  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _not_understood(request: Request, error: RequestValidationError) -> JSONResponse:
    places = [
        f"{'.'.join(str(part) for part in one['loc'][1:]) or 'the body'}: {one['msg']}"
        for one in error.errors()
    ]
    return _error(request, 422, "; ".join(places))


def _error(request: Request, status: int, text: str) -> JSONResponse:
    mode = request.url.path.removeprefix("/sync/")
    known = mode if mode in get_args(Mode) else None
    answer = Answer(status="error", error=text, mode=known)
    return JSONResponse(answer.model_dump(exclude_none=True), status)

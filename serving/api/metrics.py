"""``/metrics`` for Prometheus: requests, scores, abstentions, the queue, and how far scores came true.

Numbers and names of routes only: no path that somebody asked for, no id, no name, no word of a call. What is counted of
scores is read from the score log, so it counts every door of this home since the process began.
"""

import asyncio
import logging
import sqlite3
import time
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from eval.online.standing import LogStanding, standing
from salescoach.library import score_log
from salescoach.library.scored_calls import read_scored
from serving.api.keys import Reading
from serving.web.asgi import App, Message, Receive, Send

STANDING_EVERY_S: Final = 300.0  # the whole log is read for it, which takes a second for 100,000 lines
SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
TENTHS: Final = tuple(tenth / 10 for tenth in range(1, 11))
UNKNOWN: Final = "-"  # what was asked for has no route

logger = logging.getLogger(__name__)


class ApiMetrics:
    """The metrics of one app, in a registry of their own, so that several apps in one process don't share numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("coach_requests", "Requests that were answered", labels, registry=self.registry)
        self.errors = Counter(
            "coach_request_errors", "Requests that were answered with 500 or more", labels[:2], registry=self.registry
        )
        self.seconds = Histogram(
            "coach_request_seconds", "How long answers took", labels[:2], buckets=SECONDS, registry=self.registry
        )
        self.under_way = Gauge("coach_requests_in_progress", "Requests under way", registry=self.registry)
        self.score = Histogram(
            "coach_score", "Probabilities that were given", ("door",), buckets=TENTHS, registry=self.registry
        )
        self.abstained = Counter(
            "coach_abstain", "Why no probability was given; a score may have several reasons", ("reason",),
            registry=self.registry,
        )  # fmt: skip
        self.queue = Gauge("coach_queue", "Questions that are worked on or wait", registry=self.registry)
        self.pending = Gauge("coach_labels_pending", "Scored calls without an outcome", registry=self.registry)
        self.judged = Gauge("coach_labels_judged", "Scored calls whose outcome has come", registry=self.registry)
        self.brier = Gauge(
            "coach_brier_rolling", "Brier score of the 200 calls whose deals ended last", registry=self.registry
        )
        self.log_errors = Counter(
            "coach_score_log_errors", "Times that the score log could not be read", registry=self.registry
        )
        for gauge in (self.pending, self.judged, self.brier):
            gauge.set(float("nan"))
        self._last: int | None = None
        self._next_standing = 0.0
        self._reading = asyncio.Lock()

    async def read_log(self, library_file: Path) -> None:
        """Counts what was scored since the last time, and every few minutes how it stands. It raises nothing."""
        async with self._reading:
            try:
                if await asyncio.to_thread(library_file.is_file):
                    await self._count(library_file)
            except (sqlite3.Error, OSError) as error:
                self.log_errors.inc()
                logger.warning("The score log could not be read for /metrics (%s).", type(error).__name__)

    async def _count(self, library_file: Path) -> None:
        seen, self._last = await asyncio.to_thread(score_log.read_after, library_file, self._last)
        for one in seen:
            if one.probability is not None:
                self.score.labels(one.door).observe(one.probability)
            for reason in one.reasons:
                self.abstained.labels(reason).inc()
        if time.monotonic() >= self._next_standing:
            now = await asyncio.to_thread(_standing, library_file)
            self.pending.set(now.pending)
            self.judged.set(now.judged)
            self.brier.set(now.brier)
            self._next_standing = time.monotonic() + STANDING_EVERY_S


class MeasuredRequests:
    """Pure ASGI middleware around everything else: counts and times each request by the template of its route."""

    def __init__(self, app: App, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on and notes what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics, began, status = self._metrics, time.perf_counter(), 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        metrics.under_way.inc()
        try:
            await self._app(scope, receive, send_on)
        finally:
            metrics.under_way.dec()
            route = getattr(scope.get("route"), "path", UNKNOWN)
            method = scope["method"] if route != UNKNOWN else UNKNOWN  # any word can be sent as a method
            metrics.requests.labels(method, route, status).inc()
            metrics.seconds.labels(method, route).observe(time.perf_counter() - began)
            if status >= 500:
                metrics.errors.labels(method, route).inc()


def add_metrics(app: FastAPI) -> None:
    """Adds ``GET /metrics``, which needs a key that reads where there are keys, and counts all requests from now on."""
    metrics = ApiMetrics()
    app.state.metrics = metrics
    app.add_middleware(MeasuredRequests, metrics=metrics)

    @app.get("/metrics", include_in_schema=False)  # it is no JSON, and no problem documents belong to it
    async def show(request: Request, _: Reading) -> Response:
        """Rates, errors and durations of requests, scores, abstentions, queue, and the rolling Brier score."""
        state = request.app.state.coach
        metrics.queue.set(state.queue.n_open)
        await metrics.read_log(state.settings.library_file)
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _standing(library_file: Path) -> LogStanding:
    return standing(read_scored(library_file))

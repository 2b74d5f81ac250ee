# The coach as a container: packages by the exact pins of requirements.lock with torch's CPU build, a user of its own,
# nothing to write to but /data (and /tmp). Build: docker build -t sales-coach .    Run: see docs/deploy.md.

FROM python:3.11-slim-bookworm AS build

# Where torch comes from: cpu is PyTorch's own index of CPU builds; empty takes what the package index has.
ARG TORCH_BACKEND=cpu
# Extras of pyproject.toml for models and tables elsewhere, such as "s3" or "s3 gcs"; requirements.lock doesn't pin these.
ARG EXTRAS=""

WORKDIR /app
COPY requirements.lock pyproject.toml ./
RUN python -m venv /opt/coach \
    && /opt/coach/bin/python -m pip install --no-cache-dir --quiet "$(grep '^uv==' requirements.lock)" \
    && cp /opt/coach/bin/uv /usr/local/bin/uv \
    && /opt/coach/bin/python -m pip uninstall --yes --quiet uv
# The packages first, so that a change of the code alone builds in seconds.
RUN for extra in ${EXTRAS}; do set -- "$@" --extra "${extra}"; done \
    && uv pip install --python /opt/coach/bin/python --no-cache --compile-bytecode \
        ${TORCH_BACKEND:+--torch-backend "${TORCH_BACKEND}"} --constraint requirements.lock --requirement pyproject.toml "$@"
COPY . .
RUN uv pip install --python /opt/coach/bin/python --no-cache --no-deps --editable . \
    && /opt/coach/bin/python -m compileall -q agent eval salescoach serving tools training vectorstore chainlit_app.py

FROM python:3.11-slim-bookworm

RUN groupadd --gid 10001 coach \
    && useradd --uid 10001 --gid coach --no-create-home --home-dir /tmp --shell /usr/sbin/nologin coach \
    && install --directory --owner coach --group coach --mode 0700 /data
COPY --from=build /opt/coach /opt/coach
COPY --from=build /app /app

ENV PATH=/opt/coach/bin:$PATH \
    COACH_HOME=/data \
    HF_HUB_OFFLINE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

WORKDIR /app
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000 8080

# Of `coach serve`; compose.yaml asks the chat at its own port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

ENTRYPOINT ["coach"]
CMD ["serve", "--host", "0.0.0.0"]

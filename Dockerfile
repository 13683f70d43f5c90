# The whole of Lifecycle in one image: `docker build -t lifecycle .`; what a container does is its command.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.lock /app/
# Every file is checked against the hash in the lock; nothing is resolved.
RUN /opt/venv/bin/pip install --require-hashes --no-deps --compile -r /app/requirements.lock
WORKDIR /app
COPY . .
RUN /opt/venv/bin/pip install --no-index --no-deps --no-build-isolation --config-settings editable_mode=compat -e . \
    && /opt/venv/bin/python -m compileall -q app flows tasks schemas usecases lifecycle

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/lifecycle --create-home lifecycle
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LIFECYCLE_HOME=/var/lib/lifecycle LIFECYCLE_LOG=stderr OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
WORKDIR /app
USER 10001
VOLUME /var/lib/lifecycle
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/live', timeout=2)"]
ENTRYPOINT ["lifecycle"]
CMD ["serve", "--host", "0.0.0.0"]

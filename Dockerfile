# hallkeeper in a container. Settings: /etc/hallkeeper/config.toml; secrets: a file each
# in /run/secrets, named like their settings (discord__token); the store, where it is SQLite: /data; the master key: /keys.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/hallkeeper
COPY requirements/run.txt requirements/
RUN /opt/hallkeeper/bin/pip install --require-hashes -r requirements/run.txt
COPY . .
RUN /opt/hallkeeper/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# The fonts draw names of songs in any script into pictures; without them some would be boxes. About 130 MB.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
# A number, so that an orchestrator can see that it isn't root. The key lies apart from what it seals.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hallkeeper \
    && install -d -o hallkeeper -g hallkeeper -m 700 /data /keys \
    && install -d /run/secrets /etc/hallkeeper
COPY --from=build /opt/hallkeeper /opt/hallkeeper
# These hold in every container, so they win over the file.
ENV PATH=/opt/hallkeeper/bin:$PATH PYTHONUNBUFFERED=1 \
    HALLKEEPER_SECRETS=/run/secrets HALLKEEPER_VAULT__KEY_FILE=/keys/master.key \
    HALLKEEPER_WEB__HOST=0.0.0.0 HALLKEEPER_WEB__PORT=8080
USER 10001
WORKDIR /data
VOLUME ["/data", "/keys"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=4)"]
ENTRYPOINT ["hallkeeper"]
CMD ["run", "--config", "/etc/hallkeeper/config.toml"]

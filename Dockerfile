# syntax=docker/dockerfile:1
# The site as a container: see docs/deployment.md. FEATURES are cargo features, such as postgres,redis-tls,memcached.
FROM rust:1-slim-bookworm AS build
ARG FEATURES=""
# OpenSSL's headers are for the feature postgres.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev make perl pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin manage --features "$FEATURES"

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /srv/sessionid --create-home sessionid
COPY --from=build /build/target/release/manage /usr/local/bin/manage
# Templates and static files are built in. settings.toml, .env and the SQLite file are in this folder, if anywhere.
WORKDIR /srv/sessionid
VOLUME /srv/sessionid
USER 10001
EXPOSE 8000
# Finishes the requests that it has, for at most 30 s.
STOPSIGNAL SIGTERM
# Any answer but a 5xx, to a request for the first of ALLOWED_HOSTS.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s \
    CMD ["bash", "-c", "host=${ALLOWED_HOSTS%%,*} host=${host#.} host=${host/\\*/localhost}; exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /hello/plain HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' \"${host:-localhost}\" >&3 && read -r -t 5 _ status _ <&3 && [[ $status == [234]* ]]"]
ENTRYPOINT ["manage"]
CMD ["runserver", "0.0.0.0:8000"]

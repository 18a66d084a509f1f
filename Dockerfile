# The gateway's image: the program, the libraries that it links, and the roots of the public web. No shell, no packages.
#
#   docker build --tag scangate --build-arg REVISION="$(git rev-parse HEAD)" .
#   docker run --rm --publish 2129:2129 --volume scangate:/data scangate

FROM rust:1.95.0-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
# Panics keep the names of functions; line numbers would be most of the image.
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo

# The dependencies alone, as a layer that lasts until Cargo.lock changes. They need some source to be built for.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' >src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked --bin scangate

# What the program is made of; the page and the API's document are part of it.
COPY src src
COPY web web
COPY docs/openapi.json docs/
ARG REVISION=unknown
# A file that is older than the layer above would not be compiled, therefore the touch.
RUN touch src/lib.rs src/main.rs && BUILD_REVISION="$REVISION" cargo build --release --locked --bin scangate

# Everything that the image will hold, under one folder.
COPY LICENSE ./
RUN install -D --target-directory=/image/usr/local/bin target/release/scangate \
    && install -D --mode=644 --target-directory=/image/usr/share/doc/scangate LICENSE \
    && ldd target/release/scangate | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory=/image \
    && install -D --mode=644 --target-directory=/image/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt \
    && echo 'hosts: files dns' >/image/etc/nsswitch.conf \
    && install --directory --owner=65532 --group=65532 --mode=700 /image/data

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="scangate" \
      org.opencontainers.image.description="A websocket gateway that tells a waiting web page that somebody scanned its WeChat QR code" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /image /
# Nobody's user; a number, so that Kubernetes can see that it is not root.
USER 65532:65532
# The data directory is ./data, unless something else is set.
WORKDIR /
VOLUME /data
# The page and WeChat; publishers; operators. The latter two listen on loopback until they are told otherwise.
EXPOSE 2129 5678 9129
# Drains. There is no HEALTHCHECK: what may be asked is at port 9129, /livez and /readyz, for whoever runs the container.
STOPSIGNAL SIGTERM
# Found by `docker exec CONTAINER scangate doctor`.
ENV PATH=/usr/local/bin
ENTRYPOINT ["scangate"]
CMD ["serve"]

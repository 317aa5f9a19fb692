# Two images from one static binary:
#   minimal (the default, last)  the binary and the CA certificates: `docker run`, and the GitHub Action
#   ci                           Debian with bash and git besides: GitLab jobs, Azure container jobs
#
# The release builds the binaries before, and passes them as the build context `binaries`; without it, the first stage
# builds one: `docker build .` and `docker build --target ci .` work in any checkout.

FROM rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends musl-tools \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG TARGETARCH
ENV CC_x86_64_unknown_linux_musl=musl-gcc CC_aarch64_unknown_linux_musl=musl-gcc
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN case "$TARGETARCH" in arm64) target=aarch64-unknown-linux-musl ;; *) target=x86_64-unknown-linux-musl ;; esac \
    && rustup target add "$target" \
    && . .ci/reproducible \
    && cargo build --locked --release --bin findsync --target "$target" \
    && .ci/no-paths "target/$target/release/findsync" \
    && install -D "target/$target/release/findsync" "/binaries/${TARGETARCH:-amd64}/findsync" \
    && .ci/licences "$target" > "/binaries/${TARGETARCH:-amd64}/THIRD-PARTY-LICENCES.txt"

# A build context of this name (`--build-context binaries=DIR`, with amd64/findsync and arm64/findsync) goes before it.
FROM scratch AS binaries
COPY --from=build /binaries /

FROM debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bash ca-certificates git \
    && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*

FROM base AS ci
ARG TARGETARCH=amd64
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://github.com/OWNER/findsync
COPY --from=binaries --chmod=0755 /${TARGETARCH}/findsync /usr/local/bin/findsync
COPY --from=binaries /${TARGETARCH}/THIRD-PARTY-LICENCES.txt /usr/share/doc/findsync/
COPY LICENSE /usr/share/doc/findsync/
LABEL org.opencontainers.image.title="findsync (ci)" \
      org.opencontainers.image.description="findsync with bash and git, for jobs that run inside of the image" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}/blob/main/docs/ci.md" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-slim"
# No entrypoint: GitLab and Azure start a shell of their own. Azure's agent makes its own user with `useradd` when the
# container starts, and works as that one, so the image's user must be root; the GitLab template names another.
CMD ["findsync", "--help"]

FROM scratch AS minimal
ARG TARGETARCH=amd64
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://github.com/OWNER/findsync
COPY --from=base /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=binaries --chmod=0755 /${TARGETARCH}/findsync /findsync
COPY --from=binaries /${TARGETARCH}/THIRD-PARTY-LICENCES.txt /licences/
COPY LICENSE /licences/
LABEL org.opencontainers.image.title="findsync" \
      org.opencontainers.image.description="Keeps GitHub, GitLab and Azure DevOps issues in step with security scanner reports" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}/blob/main/docs/ci.md" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Root, because GitHub's Docker actions must be: the files that carry outputs and summary belong to the runner. Everybody
# else says `docker run --user`: nothing here needs more.
WORKDIR /work
ENTRYPOINT ["/findsync"]

# syntax=docker/dockerfile:1
#
# One service in one image: docker build --build-arg SERVICE=web, preprocess, inference or qoa.
# An image holds what the extra of its service names in pyproject.toml, with the hashes of requirements.lock, and no more.
# Models, contracts and policies are no part of it: mount them at /models, /contracts and /policies.

FROM python:3.11.14-slim-bookworm AS build
ARG SERVICE
ENV PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
WORKDIR /source
RUN python -m venv --without-pip /opt/hallmark && pip install --quiet uv==0.13.9
# What changes seldom first: a change of our code leaves this layer as it is.
COPY pyproject.toml requirements.lock ./
RUN test -n "$SERVICE" && uv pip install --python /opt/hallmark/bin/python \
    --constraint requirements.lock --requirements pyproject.toml --extra "$SERVICE"
COPY README.md ./
COPY common common
COPY web web
COPY preprocess preprocess
COPY inference inference
COPY qoa qoa
COPY cli cli
RUN uv pip install --python /opt/hallmark/bin/python --no-deps .

FROM python:3.11.14-slim-bookworm
ARG SERVICE
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hallmark \
    && install --directory --owner=hallmark --group=hallmark /var/lib/hallmark
COPY --from=build /opt/hallmark /opt/hallmark
ENV PATH=/opt/hallmark/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SERVICE=$SERVICE \
    HALLMARK_HOST=0.0.0.0 \
    HALLMARK_MODELS_DIR=/models \
    HALLMARK_CONTRACTS_DIR=/contracts \
    HALLMARK_POLICIES_DIR=/policies \
    HALLMARK_STATE_DIR=/var/lib/hallmark
WORKDIR /var/lib/hallmark
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["sh", "-c", "exec python -m hallmark_cli.up.probe \"$SERVICE\""]
# exec, so that the service gets the signal that asks it to drain.
CMD ["sh", "-c", "exec python -m \"hallmark_$SERVICE\""]

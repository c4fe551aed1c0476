# syntax=docker/dockerfile:1
#
# The four services, an image each: docker build --target web, preprocess, inference or qoa.
# An image holds what the extra of its service names in pyproject.toml, with the hashes of requirements.lock, and no more.
# Models, contracts and policies are no part of it: mount them at /models, /contracts and /policies.

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
WORKDIR /source
RUN python -m venv --without-pip /opt/hallmark && pip install --quiet uv==0.13.9
COPY pyproject.toml requirements.lock ./

# What each needs of others, apart from our code: that changes more often.

FROM build AS needed-by-web
RUN uv pip install --python /opt/hallmark/bin/python \
    --constraint requirements.lock --requirements pyproject.toml --extra web

FROM build AS needed-by-preprocess
RUN uv pip install --python /opt/hallmark/bin/python \
    --constraint requirements.lock --requirements pyproject.toml --extra preprocess

FROM build AS needed-by-inference
RUN uv pip install --python /opt/hallmark/bin/python \
    --constraint requirements.lock --requirements pyproject.toml --extra inference

FROM build AS needed-by-qoa
RUN uv pip install --python /opt/hallmark/bin/python \
    --constraint requirements.lock --requirements pyproject.toml --extra qoa

FROM build AS ours
COPY README.md ./
COPY common common
COPY web web
COPY preprocess preprocess
COPY inference inference
COPY qoa qoa
COPY cli cli
RUN uv pip install --python /opt/hallmark/bin/python --no-deps .

# The images. Their health is asked for every second until they are ready, as others are started once they are.

FROM python:3.11.14-slim-bookworm AS service
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hallmark \
    && install --directory --owner=hallmark --group=hallmark /var/lib/hallmark
ENV PATH=/opt/hallmark/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HALLMARK_HOST=0.0.0.0 \
    HALLMARK_MODELS_DIR=/models \
    HALLMARK_CONTRACTS_DIR=/contracts \
    HALLMARK_POLICIES_DIR=/policies \
    HALLMARK_STATE_DIR=/var/lib/hallmark
WORKDIR /var/lib/hallmark

FROM service AS web
COPY --from=needed-by-web /opt/hallmark /opt/hallmark
COPY --from=ours /opt/hallmark/lib /opt/hallmark/lib
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-m", "hallmark_cli.up.probe", "web"]
CMD ["python", "-m", "hallmark_web"]

FROM service AS preprocess
COPY --from=needed-by-preprocess /opt/hallmark /opt/hallmark
COPY --from=ours /opt/hallmark/lib /opt/hallmark/lib
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-m", "hallmark_cli.up.probe", "preprocess"]
CMD ["python", "-m", "hallmark_preprocess"]

FROM service AS inference
COPY --from=needed-by-inference /opt/hallmark /opt/hallmark
COPY --from=ours /opt/hallmark/lib /opt/hallmark/lib
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-m", "hallmark_cli.up.probe", "inference"]
CMD ["python", "-m", "hallmark_inference"]

FROM service AS qoa
COPY --from=needed-by-qoa /opt/hallmark /opt/hallmark
COPY --from=ours /opt/hallmark/lib /opt/hallmark/lib
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-m", "hallmark_cli.up.probe", "qoa"]
CMD ["python", "-m", "hallmark_qoa"]

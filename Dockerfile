# Three images of one repository: `tron` (workloads, main runner, API, functions with a registered address),
# `dashboard` and the `proxy` before it. They run as a number, the first two as 10001 on a read-only root; what they write goes to TRON_HOME and /tmp.
ARG PYTHON=3.11.14-slim-bookworm
ARG NGINX=1.29.3-alpine

FROM python:${PYTHON} AS base
ENV PATH=/venv/bin:${PATH} \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    TRON_HOME=/tmp/tron
WORKDIR /app

# Bytecode is trusted unchecked: copying files gives them other times, and without it a start takes up to five times as long.
FROM base AS tron-packages
COPY requirements/image.txt /requirements.txt
RUN python -m venv /venv \
    && pip install --no-cache-dir --disable-pip-version-check --no-compile --require-hashes -r /requirements.txt \
    && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib

FROM base AS dashboard-packages
COPY requirements/dashboard.txt /requirements.txt
RUN python -m venv /venv \
    && pip install --no-cache-dir --disable-pip-version-check --no-compile --require-hashes -r /requirements.txt \
    && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib

FROM base AS tron-code
COPY common common
COPY functions functions
COPY jobs jobs
COPY gke/base/trade_job.json gke/base/trade_job.json
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM base AS dashboard-code
COPY common common
COPY dashboard dashboard
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM tron-packages AS proxy-configuration
COPY common common
COPY jobs jobs
COPY gke/base/nginx gke/base/nginx
RUN python -c "from jobs.local.proxy import for_place; print(for_place('cloud_run').render(), end='')" > /nginx.conf

FROM base AS tron
COPY --from=tron-packages /venv /venv
COPY --from=tron-code /app /app
USER 10001:10001
ENTRYPOINT ["python"]
CMD ["-m", "jobs.trade", "--help"]

FROM base AS dashboard
COPY --from=dashboard-packages /venv /venv
COPY --from=dashboard-code /app /app
WORKDIR /app/dashboard
USER 10001:10001
EXPOSE 8501
ENTRYPOINT ["python"]
CMD ["-m", "streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0", "--secrets.files=/etc/tron/sign-in/secrets.toml"]

# The one origin on Cloud Run, beside the two others in one service; in a cluster its configuration is a ConfigMap.
FROM nginxinc/nginx-unprivileged:${NGINX} AS proxy
COPY --from=proxy-configuration /nginx.conf /etc/nginx/tron/nginx.conf
COPY --from=proxy-configuration /app/gke/base/nginx/headers.conf /etc/nginx/tron/headers.conf
USER 101:101
CMD ["nginx", "-e", "stderr", "-c", "/etc/nginx/tron/nginx.conf"]

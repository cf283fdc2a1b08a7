# The portal's image: the same for web, worker, scheduler and the one-shot that prepares the database.

FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt
ENV PATH=/opt/venv/bin:$PATH
COPY . .
# Settings are not read without a key; this one is made for this step and forgotten with it.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    VAR_DIR=/tmp/build STATIC_ROOT=/app/staticfiles python manage.py prepare --files-only \
    && python -m compileall -q .

FROM python:3.11-slim
# For backup and restore: pg_dump, pg_restore, psql.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin portal \
    && install -d -m 0700 -o portal -g portal /var/lib/rms-portal
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/var/lib/rms-portal \
    STATIC_ROOT=/app/staticfiles \
    LISTEN=0.0.0.0 \
    PORT=8000
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["gunicorn", "rms_portal.wsgi"]

# One image for web, worker and migrate; docker-compose.yml says which of them a container is.
FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv --without-pip /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt .
RUN pip --python /venv/bin/python install --require-hashes -r requirements.txt
COPY . .
# Collecting needs a secret for its settings; this one is forgotten with the line
RUN SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(50))') CHAT_DATA_DIR=/data \
    python manage.py collectstatic --noinput --verbosity 0 \
    && mkdir -p /data/uploads && python -m compileall -q accounts chatsite ops rooms

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin plaza
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build /data /data
RUN chown plaza /data /data/uploads
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CHAT_DATA_DIR=/data
WORKDIR /app
USER plaza
EXPOSE 8000
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]

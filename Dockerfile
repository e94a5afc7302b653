# The app: web chat, webhooks, console, delivery. Rasa has an image of its own: nlu/Dockerfile.
FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /srv/hotline
# The libraries first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev

FROM python:3.11-slim-bookworm
# var/ is the only folder the app writes to; a volume takes its owner from here.
RUN useradd --system --uid 10001 --home-dir /srv/hotline hotline \
    && install -d -o hotline -g hotline -m 0700 /srv/hotline/var
COPY --from=build /srv/hotline /srv/hotline
WORKDIR /srv/hotline
ENV PATH=/srv/hotline/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER hotline
EXPOSE 8000
ENTRYPOINT ["hotline"]
# 8001 is where the Rasa service calls actions back: on the internal network only, never published.
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--internal-host", "0.0.0.0", "--internal-port", "8001"]

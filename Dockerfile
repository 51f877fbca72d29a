FROM node:24-slim AS console

WORKDIR /app/console
COPY console/package.json console/package-lock.json console/.npmrc ./
RUN npm ci
COPY console ./
RUN npm run build

FROM python:3.11-slim AS wheel

WORKDIR /app
COPY . .
COPY --from=console /app/api/console/built api/console/built
COPY --from=console /app/api/tracking/built api/tracking/built
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim

RUN useradd --uid 10001 --create-home aftershow
WORKDIR /app

COPY requirements-server.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements-server.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl
COPY journey_specs journey_specs
COPY templates templates

USER 10001
ENV AFTERSHOW_HOST=0.0.0.0 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
ENTRYPOINT ["aftershow"]
CMD ["api"]

FROM node:24-slim AS console

WORKDIR /app/console
COPY console/package.json console/package-lock.json console/.npmrc ./
RUN npm ci
COPY console ./
RUN npm run build

FROM python:3.11-slim

RUN useradd --create-home aftershow
WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
COPY --from=console /app/api/console/built api/console/built
COPY --from=console /app/api/tracking/built api/tracking/built
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

USER aftershow
ENV AFTERSHOW_HOST=0.0.0.0 PYTHONUNBUFFERED=1
EXPOSE 8000
ENTRYPOINT ["aftershow"]
CMD ["api"]

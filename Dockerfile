FROM python:3.11-slim

RUN useradd --create-home aftershow
WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

USER aftershow
ENV AFTERSHOW_HOST=0.0.0.0 PYTHONUNBUFFERED=1
EXPOSE 8000
ENTRYPOINT ["aftershow"]
CMD ["api"]

# The suite in a container: docker build -t batch-conformance . && docker run --rm -e BATCH_API_KEY batch-conformance run --base-url=…
FROM python:3.12-slim

COPY pyproject.toml README.md LICENSE constraints.txt conftest.py pytest.ini /src/
COPY batch_conformance /src/batch_conformance
COPY spec /src/spec
COPY suites /src/suites

# Installed as everybody installs it, from the pinned versions; nothing of the sources stays.
RUN python -m venv /opt/batch-conformance \
 && /opt/batch-conformance/bin/pip install --no-cache-dir --quiet --constraint /src/constraints.txt "/src[openai,client]" \
 && rm -rf /src

# Nobody needs to be root to send requests. Reports go to the folder that is mounted at /audit.
RUN useradd --create-home --uid 10001 audit \
 && mkdir /audit \
 && chown audit /audit
USER 10001
WORKDIR /audit
ENV PATH="/opt/batch-conformance/bin:$PATH" \
    PYTHONUNBUFFERED=1
ENTRYPOINT ["batch-conformance"]
CMD ["--help"]

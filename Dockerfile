# Slim image of the agent; not built by the project's own tests (docs/how-to/install.md says so).
FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev libkrb5-dev python3 python3-dev python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN python3 -m venv /opt/carenage
RUN /opt/carenage/bin/pip install --require-hashes -r requirements.txt
RUN /opt/carenage/bin/pip install --no-deps .
RUN /opt/carenage/bin/python deploy/strip_scripts.py /opt/carenage/bin

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libgssapi-krb5-2 nmap python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 990 --home-dir /var/lib/carenage --create-home carenage
COPY --from=build /opt/carenage /opt/carenage
ENV PATH=/opt/carenage/bin:$PATH PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 CARENAGE_CONFIG=/etc/carenage/carenage.toml
USER carenage
VOLUME ["/var/lib/carenage", "/etc/carenage"]
HEALTHCHECK --interval=5m --timeout=30s --start-period=5m CMD carenage check --state /var/lib/carenage/state; [ $? -ne 3 ]
ENTRYPOINT ["carenage"]
CMD ["serve"]

"""A small project for tests: manifests and an ASGI function in a temporary folder, which the real node runs."""

import textwrap
from pathlib import Path

KINDS = {"svc": "serving.knative.dev/v1", "job": "batch/v1"}

APP = """
import asyncio, json, os
calls = []

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    path, headers = scope["path"], [(b"content-type", b"text/plain")]
    if scope["type"] == "websocket":
        await serve_websocket(path, headers, receive, send)
        return
    if path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for number in range(20):
            await send({"type": "http.response.body", "body": b"data: %d\\n\\n" % number, "more_body": True})
            await asyncio.sleep(0.2)
    if path == "/held":  # until the file in the query exists; a file beside it shows that the request has begun
        gate = scope["query_string"].decode()
        open(f"{gate}.begun", "w").close()
        while not os.path.exists(gate):
            await asyncio.sleep(0.01)
    if path == "/die":
        os._exit(7)
    if path == "/env":
        body = json.dumps(dict(os.environ)).encode()
    elif path == "/echo":
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
    else:
        body = json.dumps({"pid": os.getpid(), "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "id": dict(scope["headers"]).get(b"x-request-id", b"").decode(),
            "host": dict(scope["headers"])[b"host"].decode()}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

async def serve_websocket(path, headers, receive, send):
    await receive()
    if path == "/refused":
        await send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"too many"})
        return
    await send({"type": "websocket.accept", "subprotocol": None, "headers": [(b"x-pid", str(os.getpid()).encode())]})
    await send({"type": "websocket.send", "text": "welcome"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as asked"})
            return
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
"""


def write_app(folder: Path, package: str = "echo_api", text: str = APP) -> Path:
    """Create `<package>.main:app`, importable from `folder`."""
    (folder / package).mkdir(parents=True, exist_ok=True)
    (folder / package / "__init__.py").touch()
    (folder / package / "main.py").write_text(text)
    return folder


MANIFEST = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: echo-api
  namespace: default
  labels: {battlescope.dev/database: battlescope_echo}
spec:
  template:
    metadata:
      annotations: {autoscaling.knative.dev/max-scale: "2"}
    spec:
      containers:
        - image: echo
          envFrom:
            - secretRef: {name: echo-api-database}
            - secretRef: {name: archive}
            - secretRef: {name: cache}
            - configMapRef: {name: upstreams}
          readinessProbe: {httpGet: {path: /ready}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate-echo
  labels:
    battlescope.dev/phase: migrate
    battlescope.dev/function: echo-api
    battlescope.dev/database: battlescope_echo
    battlescope.dev/database-owner: echo-api
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: echo
          command: [dbmate, --no-dump-schema, --wait, up]
          env:
            - {name: DBMATE_MIGRATIONS_DIR, value: migrations}
          envFrom:
            - secretRef: {name: echo-api-database}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: upstreams}
data: {FEED_URL: "https://feed.invalid", USER_AGENT: test}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: public}
spec:
  rules:
    - matches: [{path: {type: PathPrefix, value: /api/echo}}]
      filters: [{type: URLRewrite, urlRewrite: {hostname: echo-api.default.svc.cluster.local}}]
      backendRefs: [{name: kourier-internal, namespace: kourier-system, port: 80}]
"""

MIGRATION = """
-- migrate:up
CREATE TABLE kept (id bigint PRIMARY KEY);
INSERT INTO kept VALUES (42);
-- migrate:down
DROP TABLE kept;
"""


def write_project(folder: Path, manifest: str = MANIFEST) -> Path:
    base = folder / "knative" / "base"
    base.mkdir(parents=True)
    (base / "kustomization.yaml").write_text(
        textwrap.dedent("""\
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: default
        resources: [all.yaml]
        """)
    )
    (base / "all.yaml").write_text(manifest)
    migrations = folder / "functions" / "echo-api" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "20260101000000_kept.sql").write_text(MIGRATION)
    write_app(folder / "apps")
    return folder

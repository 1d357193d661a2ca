# Only the service: PostgreSQL runs in another container (see compose.yaml), so the image omits the embedded one.
#
#   docker build -t latchkey .
#   docker build -t latchkey --build-arg ARGON2_CFLAGS="-O3 -march=x86-64-v3" .
#
# The second command makes a password hash a third faster, and its image runs only on processors of that level (x86-64
# of 2013 and later).

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The build needs no install scripts of packages; esbuild's binary is an optional package.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json nest-cli.json esbuild.config.js ./
COPY docs/errors.md docs/errors.md
COPY migrations migrations
COPY packages packages
COPY src src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional
ARG ARGON2_CFLAGS=""
# Empty: use the package's own binary, which runs on every processor.
RUN if [ -n "$ARGON2_CFLAGS" ]; then \
      apt-get update \
      && apt-get install -y --no-install-recommends g++ make python3 \
      && CFLAGS="$ARGON2_CFLAGS" CXXFLAGS="$ARGON2_CFLAGS" npm_config_build_from_source=true npm rebuild argon2; \
    fi
# If this machine cannot run the result, the build fails here instead of the first login.
RUN node --input-type=module --eval "import { hash } from 'argon2'; await hash('a password');"

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# The allocator keeps a hash's memory for the next hash: once for all threads instead of once per thread.
ENV MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist/*.js /app/dist/*.map dist/
COPY --from=build /app/dist/chunks dist/chunks
COPY package.json ./
# For `docker exec CONTAINER latchkey doctor`; the file's first line makes it an executable for Node.
RUN ln -s /app/dist/latchkey.js /usr/local/bin/latchkey
# All files above belong to root, so the service cannot change itself; it writes no files.
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
# Checks liveness, because Swarm and others restart unhealthy containers, and a restart does not bring the database
# back. If the check is only used to wait, check /health/ready instead, as deploy/compose.yaml does.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Starts node directly, so that it gets signals; npm and a shell would not forward them.
# Garbage is collected when it reaches 80 % of the live memory; by default Node lets it grow to four times as much.
# Node 24 would let short-lived garbage grow to twice of 16 MiB, without faster requests.
CMD ["node", "--heap-growing-percent=80", "--max-semi-space-size=16", "dist/main.js"]

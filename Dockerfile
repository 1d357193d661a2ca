# The service alone: PostgreSQL is another container's (see compose.yaml), so the image leaves the embedded one out.
#
#   docker build -t latchkey .
#   docker build -t latchkey --build-arg ARGON2_CFLAGS="-O3 -march=x86-64-v3" .
#
# The second takes a third off the time of a password hash, and runs only on processors of that level (x86-64 of 2013
# and later).

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The compilers need no package's install script; esbuild's binary is an optional package.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json nest-cli.json esbuild.config.js ./
COPY migrations migrations
COPY packages packages
COPY src src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional
ARG ARGON2_CFLAGS=""
# Empty: the binary that came with the package, which runs everywhere.
RUN if [ -n "$ARGON2_CFLAGS" ]; then \
      apt-get update \
      && apt-get install -y --no-install-recommends g++ make python3 \
      && CFLAGS="$ARGON2_CFLAGS" CXXFLAGS="$ARGON2_CFLAGS" npm_config_build_from_source=true npm rebuild argon2; \
    fi
# Fails here, and not at the first login, where this machine cannot run what was built.
RUN node --input-type=module --eval "import { hash } from 'argon2'; await hash('a password');"

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# The allocator keeps a hash's memory for the next one: for all threads together, and not for each of them.
ENV MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist/*.js /app/dist/*.map dist/
COPY --from=build /app/dist/chunks dist/chunks
COPY package.json ./
# `docker exec CONTAINER latchkey doctor`: the file begins with the line that says it is node's.
RUN ln -s /app/dist/latchkey.js /usr/local/bin/latchkey
# Everything above belongs to root: the service cannot change itself, and writes nowhere.
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
# Whether the process lives, since Swarm and others restart what is unhealthy, and a restart brings no database back.
# Where only waiting depends on it, ask /health/ready, as deploy/compose.yaml does.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node itself, so that it gets the signal: npm and a shell would keep it.
# Garbage is collected when it is 80 % of what was alive last time: by itself Node lets it grow to four times of that.
# Node 24 would let short-lived garbage grow to twice of 16 MiB, and requests would be no faster.
CMD ["node", "--heap-growing-percent=80", "--max-semi-space-size=16", "dist/main.js"]

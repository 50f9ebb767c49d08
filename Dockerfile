# Posthorn as a server of its own. An application that embeds Posthorn has an image of its own, and needs none of this.
#
#   docker build --tag posthorn .
#   docker run --rm --publish 127.0.0.1:3000:3000 --volume posthorn-data:/data posthorn
ARG NODE_VERSION=22.23.3

# The full image has the compiler that better-sqlite3 takes where no prebuilt binary fits.
FROM node:${NODE_VERSION}-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY modules ./modules
COPY projections ./projections
COPY examples ./examples
RUN npm run build
# What npm would leave of the peer dependencies is nothing, because they are development dependencies as well.
RUN node scripts/depend-on-peers.mjs && npm prune

FROM node:${NODE_VERSION}-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    POSTHORN_DATA_DIR=/data
# A new volume takes over the owner of the folder that it is mounted on.
RUN install --directory --owner=node --group=node --mode=0700 /data
WORKDIR /app
COPY LICENSE ./
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
VOLUME /data
EXPOSE 3000
# `node dist/src/main.js` serves the sample shop as well.
CMD ["node", "dist/src/cli/posthorn.js", "serve"]
